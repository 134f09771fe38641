"""Incidents: opened when a vendor is in trouble, closed when it has been well for a while, by the portal itself.

One for each vendor and kind of trouble, whatever the number of connections and calls. Connections tell of themselves what
they cannot do (`ConnectionState`); that calls are slow, or fail here and there, is seen in the tallies.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.audit.trail import record
from portal.support.models import CallTally, Incident, IncidentNote
from portal.support.tallies import DURATIONS, Fresh, class_of, count_calls, percentile
from portal.tenancy.authority import require_staff
from portal.tenancy.refusals import ReasonMissing
from portal.tenancy.scope import staff_scope
from portal.vendors.models import Call, ConnectionState

Kind = Incident.Kind
Outcome = CallTally.Outcome
Trouble = tuple[str, str]  # a vendor and a kind

# How far back rates and delays are judged.
WINDOW = timedelta(minutes=10)
FAILED = (Outcome.UNREACHABLE, Outcome.PROTOCOL, Outcome.CREDENTIALS)
ANSWERED = (Outcome.ANSWERED, Outcome.REFUSED)
SHOWN = 30
# What it means for the tenants, and what to do.
MEANINGS = {
    Kind.UNREACHABLE: _(
        "Calls do not arrive, or the vendor is out of order. What was asked for waits and is sent again by itself. If it"
        " lasts, tell the vendor with the example below."
    ),
    Kind.CREDENTIALS: _(
        "The vendor does not accept what opens these accounts; nothing is sent for them until somebody enters new credentials."
        " Many tenants at once point to the vendor, one to that tenant."
    ),
    Kind.QUOTA: _(
        "The vendor takes no more calls from these accounts before their quota starts anew. What was asked for waits until"
        " then. A higher quota is a matter of the tenant's contract."
    ),
    Kind.PROTOCOL: _(
        "The vendor answers in a form that it does not document. Compare the example below with its documentation: either it"
        " has changed its API, or something else stands at this address."
    ),
    Kind.SLOW: _(
        "One call in twenty takes longer than agreed. Work goes on, but later. If it lasts, tell the vendor since when."
    ),
    Kind.ERRORS: _(
        "Calls fail here and there, while the connections recover in between. Outcomes may be unknown: look at what needs a"
        " person."
    ),
}


@dataclass(frozen=True)
class Affected:
    """How many are in a trouble now; `example` is one of the connections."""

    connections: int
    tenants: int
    example: int | None = None
    call: int | None = None


@dataclass(frozen=True)
class Tally:
    """The calls of one vendor in the window: by outcome, and those that were answered by class of duration."""

    by_outcome: dict[str, int]
    durations: list[int]

    @property
    def calls(self) -> int:
        return sum(self.by_outcome.values())


def being_open(request: HttpRequest) -> Any:
    """Those that have not closed, for the desk."""
    return Incident.objects.open()


def open_incidents(most: int = SHOWN) -> list[Any]:
    """For a page of staff: those that affect most first, each with its `last_note`."""
    return list(with_last_note(Incident.objects.open()).worst_first()[:most])


def with_last_note(rows: Any) -> Any:
    last = IncidentNote.objects.filter(incident=OuterRef("pk")).order_by("-pk")
    return rows.annotate(last_note=Subquery(last.values("text")[:1]))


def meaning_of(incident: Incident) -> Any:
    return MEANINGS[Kind(incident.kind)]


@transaction.atomic
def note_incident(incident: Incident, *, text: str, acting_user: Any) -> IncidentNote:
    """Write down that it is known, and what is being done. Raises StaffOnly, ReasonMissing."""
    require_staff(acting_user)
    if not text.strip():
        raise ReasonMissing
    record("staff.incident_noted", incident, after={"note": text.strip()}, acting_user=acting_user)
    return IncidentNote.objects.create(incident=incident, author=acting_user, text=text.strip())


def watch() -> None:
    """Count what is new in the call log, and open, extend and close incidents by it. One at a time, however many ask."""
    with staff_scope():
        fresh = count_calls()
        review(fresh, timezone.now())


def review(fresh: Iterable[Fresh], now: datetime) -> None:
    """Bring the incidents in line with the troubles there are now, in the caller's staff scope."""
    recent = _recent(now)
    explained = {(incident.vendor, incident.kind) for incident in recent if incident.last_seen_at > now - 2 * WINDOW}
    troubles = _of_connections(now)
    troubles |= _of_calls(now, explained | set(troubles))
    for trouble, affected in troubles.items():
        incident = _latest(recent, trouble) or _opened(trouble, affected, now)
        recent = [each for each in recent if each is not incident]
        _extend(incident, affected, now)
    for incident in recent:
        if incident.is_open:
            _let_rest(incident, now)
    _add_calls(fresh, explained | set(troubles))


# --- Which troubles there are -------------------------------------------------------------------------------------


def _of_connections(now: datetime) -> dict[Trouble, Affected]:
    """Enabled connections that have been in trouble for longer than a hiccup."""
    patience = timedelta(seconds=settings.INCIDENT_PATIENCE_SECONDS)
    throttled = ~Q(trouble=Kind.QUOTA) | Q(quiet_until__gt=now)
    rows = (
        ConnectionState.objects.filter(throttled, connection__enabled=True, tenant__state="active")
        .exclude(trouble="")
        .filter(trouble_since__lte=now - patience)
        .order_by()
        .values_list("connection__vendor", "trouble")
        .annotate(Count("pk"), Count("tenant", distinct=True), Max("connection"))
    )
    return {(vendor, kind): Affected(*counts) for vendor, kind, *counts in rows}


def _of_calls(now: datetime, explained: set[Trouble]) -> dict[Trouble, Affected]:
    """Slowness, and failures that no other incident explains."""
    found: dict[Trouble, Affected] = {}
    for vendor, tally in _tallies(now).items():
        unexplained = [outcome for outcome in FAILED if (vendor, outcome.value) not in explained]
        failed = sum(tally.by_outcome[outcome] for outcome in unexplained)
        if tally.calls >= settings.INCIDENT_MIN_CALLS and failed >= settings.INCIDENT_ERROR_RATE * tally.calls:
            found[vendor, Kind.ERRORS] = _met_by(_calls_of(vendor, now).failed())
        slow = _slow_ms()
        if sum(tally.durations) >= settings.INCIDENT_MIN_CALLS and (percentile(tally.durations, 0.95) or 0) >= slow:
            found[vendor, Kind.SLOW] = _met_by(
                _calls_of(vendor, now).filter(status__isnull=False, duration_ms__gte=slow)
            )
    return found


def _tallies(now: datetime) -> dict[str, Tally]:
    rows = (
        CallTally.objects.filter(starts_at__gt=now - WINDOW)
        .order_by()
        .values_list("vendor", "outcome", "duration_class")
        .annotate(Sum("calls"))
    )
    found: dict[str, Tally] = {}
    for vendor, outcome, duration_class, calls in rows:
        tally = found.setdefault(vendor, Tally(defaultdict(int), [0] * (len(DURATIONS) + 1)))
        tally.by_outcome[outcome] += calls
        if outcome in ANSWERED:
            tally.durations[duration_class] += calls
    return found


def _calls_of(vendor: str, now: datetime) -> Any:
    return Call.objects.filter(connection__vendor=vendor, started_at__gt=now - WINDOW)


def _met_by(calls: QuerySet[Call]) -> Affected:
    met = calls.order_by().aggregate(Count("connection", distinct=True), Count("tenant", distinct=True), Max("pk"))
    return Affected(met["connection__count"], met["tenant__count"], call=met["pk__max"])


def _slow_ms() -> int:
    return round(settings.INCIDENT_SLOW_SECONDS * 1000)


# --- What becomes of incidents ------------------------------------------------------------------------------------


def _recent(now: datetime) -> list[Incident]:
    """Those that are open, and those that may have to be opened again or explain what is in the window."""
    back = max(timedelta(seconds=settings.INCIDENT_FLAP_SECONDS), 2 * WINDOW)
    return list(Incident.objects.filter(Q(closed_at=None) | Q(closed_at__gt=now - back)).order_by("-pk"))


def _latest(recent: list[Incident], trouble: Trouble) -> Incident | None:
    """The open one, or the one that this trouble comes back to."""
    known = [incident for incident in recent if (incident.vendor, incident.kind) == trouble]
    flapping = timezone.now() - timedelta(seconds=settings.INCIDENT_FLAP_SECONDS)
    back = (incident for incident in known if incident.closed_at is None or incident.closed_at > flapping)
    return next(back, None)


def _opened(trouble: Trouble, affected: Affected, now: datetime) -> Incident:
    vendor, kind = trouble
    example = affected.call or _example(affected.example)
    return Incident.objects.create(vendor=vendor, kind=kind, opened_at=now, last_seen_at=now, example_call_id=example)


def _example(connection_id: int | None) -> int | None:
    """The newest call of this connection that failed, else its newest."""
    newest = Call.objects.filter(connection=connection_id).order_by("-started_at", "-pk")
    example = newest.failed().only("pk").first() or newest.only("pk").first()
    return example.pk if example else None


def _extend(incident: Incident, affected: Affected, now: datetime) -> None:
    if not incident.is_open:
        incident.closed_at, incident.reopened = None, incident.reopened + 1
    incident.last_seen_at = now
    incident.connections, incident.tenants = affected.connections, affected.tenants
    incident.worst_connections = max(incident.worst_connections, affected.connections)
    incident.worst_tenants = max(incident.worst_tenants, affected.tenants)
    incident.save()


def _let_rest(incident: Incident, now: datetime) -> None:
    """The trouble is gone; when it has been for the settle time, so is the incident."""
    incident.connections = incident.tenants = 0
    if incident.last_seen_at <= now - timedelta(seconds=settings.INCIDENT_SETTLE_SECONDS):
        incident.closed_at = now
    incident.save(update_fields=["connections", "tenants", "closed_at"])


def _add_calls(fresh: Iterable[Fresh], explained: set[Trouble]) -> None:
    """The calls that the open incidents cost, as they are counted."""
    counted = list(fresh)
    for incident in Incident.objects.open() if counted else []:
        own = [calls for calls in counted if calls.vendor == incident.vendor and _met(incident.kind, calls, explained)]
        if own:
            incident.calls_failed += sum(calls.calls for calls in own)
            incident.example_call_id = incident.example_call_id or max(calls.newest for calls in own)
            incident.save(update_fields=["calls_failed", "example_call_id"])


def _met(kind: str, calls: Fresh, explained: set[Trouble]) -> bool:
    if kind == Kind.SLOW:
        return calls.outcome in ANSWERED and calls.duration_class >= class_of(_slow_ms())
    if kind == Kind.ERRORS:
        return calls.outcome in FAILED and (calls.vendor, calls.outcome) not in explained
    return calls.outcome == kind
