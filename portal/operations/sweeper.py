"""What no bell announced: leases that ran out, operations whose time has come, outcomes to be looked up.

May run anywhere, twice, or not for a while: it only rings, and expires leases by one UPDATE.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import connection as database
from django.db.models import F, Window
from django.db.models.functions import Now, RowNumber
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.operations.models import Attempt, Operation, Status
from portal.tenancy.scope import staff_scope

# More than these at once would only queue up in the broker; the next sweep is seconds away.
MOST_LANES = 500
MOST_LOOKS = 200


def sweep(ring: Callable[[int, int, str], None], look: Callable[[int, int], None]) -> None:
    """Expire leases, then ring for every lane with something due and look at every outcome that is due to be settled."""
    with staff_scope():
        expire_leases()
        lanes, looks = due_lanes(), due_looks()
    for lane in lanes:
        ring(*lane)
    for tenant_id, operation_id in looks:
        look(tenant_id, operation_id)


def expire_leases() -> None:
    """A sending whose worker did not come back is unknown from now on; the settle time starts here."""
    overdue = list(
        Operation.objects.overdue_sending().select_for_update(skip_locked=True).values_list("pk", "attempt_count")
    )
    if not overdue:
        return
    ids = [pk for pk, _ in overdue]
    Operation.objects.filter(pk__in=ids).update(
        status=Status.UNKNOWN,
        trouble=Operation.Trouble.UNKNOWN,
        message=gettext_noop("The worker that sent it did not come back."),
        unknown_since=timezone.now(),
        lease_until=None,
        due_at=Now() + timedelta(seconds=settings.OPERATION_SETTLE_SECONDS),
    )
    Attempt.objects.filter(operation_id__in=ids, outcome=Attempt.Outcome.OPEN, purpose=Attempt.Purpose.SEND).update(
        outcome=Attempt.Outcome.UNKNOWN,
        finished_at=timezone.now(),
        message=gettext_noop("The worker did not come back."),
    )


# The oldest waiting operation of each lane whose time has come. It steps from lane to lane over the index
# `operation_queue` instead of reading what waits: one lane may hold ten thousand.
FIRST_OF_LANES = """
with recursive lanes as (
  (select connection_id, lane from operations_operation
   where status = 'waiting' order by connection_id, lane limit 1)
  union all
  select following.connection_id, following.lane from lanes cross join lateral (
    select connection_id, lane from operations_operation
    where status = 'waiting' and (connection_id, lane) > (lanes.connection_id, lanes.lane)
    order by connection_id, lane limit 1) following)
select first.id from lanes cross join lateral (
  select id from operations_operation
  where status = 'waiting' and connection_id = lanes.connection_id and lane = lanes.lane
    and due_at <= statement_timestamp()
  order by id limit 1) first
"""


def due_lanes() -> list[tuple[int, int, str]]:
    """(tenant, connection, lane) with something due, one tenant's after the other's in turn."""
    turn = Window(RowNumber(), partition_by=F("tenant_id"), order_by=F("due_at").asc())
    fair = Operation.objects.due().filter(pk__in=_first_of_lanes()).annotate(turn=turn).order_by("turn", "due_at")
    return list(fair.values_list("tenant_id", "connection_id", "lane")[:MOST_LANES])


def _first_of_lanes() -> list[int]:
    """Asked for by itself: joined to more, PostgreSQL may start from what waits while its statistics are old."""
    with database.cursor() as cursor:
        cursor.execute(FIRST_OF_LANES)
        return [pk for (pk,) in cursor.fetchall()]


def due_looks() -> list[tuple[int, int]]:
    looks = Operation.objects.to_be_settled().order_by("due_at")
    return list(looks.values_list("tenant_id", "pk")[:MOST_LOOKS])
