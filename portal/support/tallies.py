"""Counting the call log: set-based, each call once, and never from its beginning.

Ids are given out before calls are committed, so a call is counted only when its id was below the newest one at a look at least
SETTLED earlier. A transaction that writes calls down is over long before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from portal.support.models import CallTally, TallyMark
from portal.vendors.models import Call

# Upper edges of the classes of duration, in ms; the last class has none.
DURATIONS = (
    25,
    50,
    75,
    100,
    150,
    200,
    300,
    400,
    600,
    800,
    1200,
    1600,
    2400,
    3200,
    4800,
    6400,
    9600,
    12800,
    19200,
    30000,
)
SETTLED = timedelta(seconds=10)
# Calls counted in one go: so many ids.
MOST_AT_ONCE = 50_000
# The first count of all begins so long ago.
FIRST_LOOK_BACK = timedelta(days=1)
KEPT = timedelta(days=30)

# What the answers mean is said by `portal.vendors.verdict`; here by status alone, for millions of them.
COUNT = """
with fresh as (
  select connection.vendor as vendor,
         date_bin('5 minutes', call.started_at, timestamptz 'epoch') as starts_at,
         case when call.status is null or call.status >= 500 or call.status in (407, 408, 425, 499) then 'unreachable'
              when call.status = 401 then 'credentials'
              when call.status = 429 then 'quota'
              when call.status >= 400 then 'refused'
              when call.status >= 300 then 'unreachable'
              when call.error <> '' then 'protocol'
              else 'answered' end as outcome,
         width_bucket(call.duration_ms, %(durations)s::integer[]) as duration_class,
         count(*) as calls, max(call.id) as newest
  from vendors_call call join vendors_connection connection on connection.id = call.connection_id
  where call.id > %(after)s and call.id <= %(up_to)s
  group by 1, 2, 3, 4
), counted as (
  insert into support_calltally as tally (vendor, starts_at, outcome, duration_class, calls)
  select vendor, starts_at, outcome, duration_class, calls from fresh
  on conflict (vendor, starts_at, outcome, duration_class) do update set calls = tally.calls + excluded.calls
)
select vendor, outcome, duration_class, sum(calls)::integer, max(newest) from fresh group by 1, 2, 3
"""


@dataclass(frozen=True)
class Fresh:
    """Calls that were counted just now; `newest` is the id of one of them."""

    vendor: str
    outcome: str
    duration_class: int
    calls: int
    newest: int


def count_calls() -> list[Fresh]:
    """Add what is new in the call log to the tallies, in the caller's staff scope; one caller at a time."""
    now, mark = timezone.now(), _lock_mark()
    if mark.seen_at > now - SETTLED:
        return []
    up_to = min(mark.seen_to, mark.counted_to + MOST_AT_ONCE)
    fresh = _count(mark.counted_to, up_to) if up_to > mark.counted_to else []
    TallyMark.objects.filter(pk=mark.pk).update(counted_to=up_to, seen_to=_newest_id(), seen_at=now)
    CallTally.objects.filter(starts_at__lt=now - KEPT).delete()
    return fresh


def percentile(counts: Sequence[int], share: float) -> int | None:
    """About how many ms `share` of the calls took at most; `counts` are the calls of each class. None without calls."""
    total = sum(counts)
    if not total:
        return None
    wanted, passed = share * total, 0
    for place, calls in enumerate(counts):
        if calls and passed + calls >= wanted:
            lower = DURATIONS[place - 1] if place else 0
            upper = DURATIONS[place] if place < len(DURATIONS) else lower
            return round(lower + (upper - lower) * (wanted - passed) / calls)
        passed += calls
    return DURATIONS[-1]


def class_of(duration_ms: int) -> int:
    """The class that begins at `duration_ms` or holds it."""
    return sum(edge <= duration_ms for edge in DURATIONS)


def _count(after: int, up_to: int) -> list[Fresh]:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"durations": list(DURATIONS), "after": after, "up_to": up_to})
        return [Fresh(*row) for row in cursor.fetchall()]


def _lock_mark() -> TallyMark:
    """The one there is, or one that begins a day ago."""
    mark = TallyMark.objects.select_for_update().first()
    if mark is not None:
        return mark
    now = timezone.now()
    TallyMark.objects.get_or_create(
        pk=1, defaults={"counted_to": _last_id_before(now - FIRST_LOOK_BACK), "seen_to": _newest_id(), "seen_at": now}
    )
    return TallyMark.objects.select_for_update().get(pk=1)


def _last_id_before(moment: datetime) -> int:
    first = Call.objects.filter(started_at__gte=moment).order_by("started_at").values_list("pk", flat=True).first()
    return first - 1 if first is not None else _newest_id()


def _newest_id() -> int:
    return Call.objects.aggregate(newest=Max("pk"))["newest"] or 0
