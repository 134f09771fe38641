"""How the vendors are doing over all tenants: calls and delays from the tallies, the rest from the connections' states.

Four queries, however many tenants and calls there are.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, DateTimeField, F, FloatField, Func, Max, Q, Sum, Window
from django.db.models.functions import Cast, Coalesce, RowNumber
from django.utils import timezone

from portal.support.incidents import ANSWERED, FAILED, open_incidents
from portal.support.models import CallTally, Incident
from portal.support.tallies import DURATIONS, percentile
from portal.vendors.models import ConnectionState
from portal.vendors.registry import Vendor, vendors

Outcome = CallTally.Outcome
Trouble = ConnectionState.Trouble

RECENT, DAY = timedelta(minutes=15), timedelta(hours=24)
SLOT = timedelta(minutes=30)
# Connections with the fullest quota, of each vendor.
FULLEST = 3
TROUBLES = [trouble for trouble in Trouble if trouble != Trouble.NONE]
# The chart, in px.
BAR, GAP, HEIGHT = 12, 2, 64


@dataclass
class Figures:
    """The calls of one vendor in a time, added up by outcome; delays are of those that were answered."""

    by_outcome: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    durations: list[int] = field(default_factory=lambda: [0] * (len(DURATIONS) + 1))

    def add(self, outcome: str, duration_class: int, calls: int) -> None:
        self.by_outcome[outcome] += calls
        if outcome in ANSWERED:
            self.durations[duration_class] += calls

    @property
    def calls(self) -> int:
        return sum(self.by_outcome.values())

    @property
    def failed(self) -> int:
        return sum(self.by_outcome[outcome] for outcome in FAILED)

    @property
    def throttled(self) -> int:
        return self.by_outcome[Outcome.QUOTA]

    @property
    def refused(self) -> int:
        return self.by_outcome[Outcome.REFUSED]

    @property
    def error_rate(self) -> float | None:
        """In percent; None without calls."""
        return 100 * self.failed / self.calls if self.calls else None

    @property
    def median_ms(self) -> int | None:
        return percentile(self.durations, 0.5)

    @property
    def p95_ms(self) -> int | None:
        return percentile(self.durations, 0.95)


@dataclass(frozen=True)
class Bar:
    """Half an hour of the chart: from `x`, the calls of it upwards from the floor, those that failed below."""

    at: datetime
    calls: int
    failed: int
    x: int
    well_y: float
    well_height: float
    failed_y: float
    failed_height: float


@dataclass
class VendorReport:
    """One vendor on the page. `state` is what its connections know, summed up; None where it has none."""

    vendor: Vendor
    recent: Figures = field(default_factory=Figures)
    day: Figures = field(default_factory=Figures)
    slots: dict[datetime, Figures] = field(default_factory=lambda: defaultdict(Figures))
    state: dict[str, Any] | None = None
    fullest: list[Any] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    most: int = 0

    @property
    def troubles(self) -> list[tuple[str, Any, int]]:
        """Kinds of trouble, their labels, and the connections in them."""
        counts = self.state or {}
        return [
            (trouble.value, trouble.label, counts[trouble.value]) for trouble in TROUBLES if counts.get(trouble.value)
        ]

    @property
    def tone(self) -> str:
        if self.incidents:
            return "danger"
        return "warning" if self.troubles else "success" if self.day.calls else "neutral"


def vendor_reports() -> list[VendorReport]:
    """Of every vendor that is built in, in the caller's staff scope."""
    now = timezone.now()
    reports = {vendor.key: VendorReport(vendor) for vendor in vendors()}
    _add_calls(reports, now)
    _add_states(reports, now)
    for state in _fullest_quotas(now):
        if state.connection.vendor in reports:
            reports[state.connection.vendor].fullest.append(state)
    for incident in open_incidents():
        if incident.vendor in reports:
            reports[incident.vendor].incidents.append(incident)
    return list(reports.values())


def _add_calls(reports: dict[str, VendorReport], now: datetime) -> None:
    slot = Func(
        F("starts_at"),
        template="date_bin('30 minutes', %(expressions)s, timestamptz 'epoch')",
        output_field=DateTimeField(),
    )
    rows = (
        CallTally.objects.filter(starts_at__gt=now - DAY)
        .order_by()
        .annotate(slot=slot)
        .values_list("vendor", "slot", "outcome", "duration_class")
        .annotate(Sum("calls"), recent=Coalesce(Sum("calls", filter=Q(starts_at__gt=now - RECENT)), 0))
    )
    for vendor, at, outcome, duration_class, calls, recent in rows:
        if vendor in reports:
            report = reports[vendor]
            report.day.add(outcome, duration_class, calls)
            report.recent.add(outcome, duration_class, recent)
            report.slots[at].add(outcome, duration_class, calls)
    for report in reports.values():
        report.most = max((figures.calls for figures in report.slots.values()), default=0)
        report.bars = list(_bars(report.slots, report.most, now))


def _bars(slots: dict[datetime, Figures], most: int, now: datetime) -> Iterable[Bar]:
    """One for each half hour of the day until now, empty ones too."""
    seconds = SLOT.total_seconds()
    last = datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
    count = int(DAY / SLOT)
    for place in range(count):
        at = last - (count - 1 - place) * SLOT
        figures = slots.get(at) or Figures()
        high = HEIGHT * figures.calls / most if most else 0
        failed = HEIGHT * figures.failed / most if most else 0
        # A single failure among thousands of calls has to be seen.
        failed = max(failed, 2.0) if figures.failed else 0
        well = max(high - failed, 0)
        yield Bar(
            at,
            figures.calls,
            figures.failed,
            place * (BAR + GAP),
            round(HEIGHT - failed - well, 1),
            round(well, 1),
            round(HEIGHT - failed, 1),
            round(failed, 1),
        )


def _used() -> Any:
    """States of connections over which calls are made."""
    return ConnectionState.objects.filter(connection__enabled=True, tenant__state="active").order_by()


def _add_states(reports: dict[str, VendorReport], now: datetime) -> None:
    in_trouble = {trouble.value: Count("pk", filter=Q(trouble=trouble)) for trouble in TROUBLES}
    told: dict[str, Any] = {"distinct": True, "default": []}
    rows = (
        _used()
        .values("connection__vendor")
        .annotate(
            connections=Count("pk"),
            tenants=Count("tenant", distinct=True),
            succeeded_at=Max("succeeded_at"),
            tokens_live=Count("pk", filter=Q(token_expires_at__gt=now)),
            tokens_over=Count("pk", filter=Q(token_expires_at__lte=now)),
            tokens_refused=Count("pk", filter=Q(token_refused_until__gt=now)),
            versions=ArrayAgg("api_version", filter=~Q(api_version=""), **told),
            sunsets=ArrayAgg("sunset", filter=~Q(sunset=""), **told),
            **in_trouble,
        )
    )
    for row in rows:
        if row["connection__vendor"] in reports:
            reports[row["connection__vendor"]].state = row


def _fullest_quotas(now: datetime) -> list[Any]:
    """Of each vendor the few connections whose quota is used most, until it starts anew."""
    share = Cast("quota_used", FloatField()) / F("quota_limit")
    by_vendor = Window(RowNumber(), partition_by=F("connection__vendor"), order_by=share.desc())
    rows = (
        _used().filter(quota_limit__gt=0, quota_used__gt=0).filter(Q(quota_resets_at=None) | Q(quota_resets_at__gt=now))
    )
    ranked = rows.annotate(place=by_vendor).filter(place__lte=FULLEST)
    return list(
        ranked.select_related("connection", "tenant")
        .only(
            "quota_used",
            "quota_limit",
            "quota_interval",
            "quota_resets_at",
            "connection__name",
            "connection__vendor",
            "tenant__name",
            "tenant__slug",
        )
        .order_by("connection__vendor", "place")
    )
