"""SIP accounts as meters of the statement: each connection is charged by the peak of the accounts that it had in a month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, gettext_noop

from portal.billing import meters
from portal.billing.meters import Blocker, Level, MeterKind, Reading, Span, Unsettled
from portal.billing.peaks import Change, Peak, Period, Step, held, peak_of, peak_range, peaks, steps
from portal.billing.terms import Terms, agreed_around, terms_from
from portal.operations.models import Operation, Status
from portal.partial_rows import as_json, partial_row
from portal.sentences import Sentence, untranslated
from portal.tenancy.models import Tenant
from portal.vendors.models import Connection
from telephony.models import EFFECTIVE_AT, Drift, SipLevel

KEY = "telephony.sip_accounts"
# How an operation moves the level, if it is carried out. Their kinds know the client, and meters know no client.
MOVES = {"telephony.create_sip_account": 1, "telephony.delete_sip_account": -1}
OPERATION = ["id", "tenant_id", "connection_id", "kind", "label", "status", "created_at"]
# A month of another zone begins up to so much earlier.
OTHER_ZONES = timedelta(days=1)


def register() -> None:
    meters.register(
        MeterKind(
            KEY,
            gettext_lazy("SIP accounts"),
            read,
            blockers,
            apply,
            history=history,
            names=names,
            opened=SipMeters,
            along=kept_since,
        )
    )


# --- What is read -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """What moved the level: who asked for it ("" where nobody is known), and whose time it is kept with."""

    who: str
    by_vendors_clock: bool


@dataclass(frozen=True)
class Place:
    """A connection whose ledger has begun, with its latest level and what moved it since `Kept.since`.

    `terms` are what is agreed around now, `operations` are open, `drifts` the ids and kinds of open differences, and
    `differences` their number. `away`: nothing can be read over it just now.
    """

    pk: int
    name: str
    read_at: datetime | None
    began_at: datetime
    level: int
    terms: Terms
    changes: list[Change[Origin]] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    drifts: list[tuple[int, str]] = field(default_factory=list)
    differences: int = 0
    away: bool = False


@dataclass(frozen=True)
class Kept:
    """All that the meters of a tenant stand on."""

    since: datetime
    slug: str
    places: list[Place]


def kept_since(since: date, tenant: str = "") -> JSONObject:
    """An annotation of tenants, or of rows that name one: so it costs no query of its own where these are read anyway.

    `kept_from` makes a `Kept` of it.
    """
    changes, drifts = _changes(since, tenant), _open_drifts(tenant)
    return JSONObject(
        **_standing(tenant),
        changes=_rows(changes, **CHANGE, name="account__requested_by__name", email="account__requested_by__email"),
        drifts=_rows(drifts.order_by("pk"), place="connection_id", pk="pk", kind="kind"),
    )


def seen_since(since: date, tenant: str = "") -> JSONObject:
    """As `kept_since`, for looking at levels and peaks: without who moved them, and differences only counted."""
    counted = _open_drifts(tenant).order_by().values("connection_id").annotate(number=Count("pk"))
    return JSONObject(
        **_standing(tenant),
        changes=_rows(_changes(since, tenant), **CHANGE),
        differing=_rows(counted, place="connection_id", number="number"),
    )


CHANGE = {"place": "connection_id", "at": "at", "quantity": "quantity", "by_vendor": Q(vendor_at__isnull=False)}


def _of_tenant(tenant: str) -> dict[str, OuterRef]:
    return {"tenant": OuterRef(tenant or "pk")}


def _standing(tenant: str) -> dict[str, Any]:
    """The connections as they are now, and what is open."""
    entries = SipLevel.objects.filter(connection=OuterRef("pk"))
    places = Connection.objects.filter(**_of_tenant(tenant)).annotate(
        began_at=Subquery(entries.order_by("sequence").values("recorded_at")[:1]),
        level=Subquery(entries.order_by("-sequence").values("level")[:1]),
    )
    # What has not ended is found by an index of its own.
    operations = Operation.objects.open().filter(**_of_tenant(tenant), ended_at=None, kind__in=list(MOVES))
    return {
        "slug": F(f"{tenant}__slug" if tenant else "slug"),
        "places": _rows(
            places.filter(began_at__isnull=False).order_by("name", "pk"),
            pk="pk",
            name="name",
            read_at="telephony_mirror__read_at",
            away=Q(enabled=False) | Q(health__trouble__gt=""),
            began_at="began_at",
            level="level",
            terms=agreed_around(KEY),
        ),
        "operations": ArraySubquery(operations.order_by("created_at", "pk").values(row=as_json(*OPERATION))),
    }


def _changes(since: date, tenant: str) -> Any:
    changes = SipLevel.objects.filter(**_of_tenant(tenant)).annotate(at=EFFECTIVE_AT).filter(at__gte=_moment(since))
    return changes.order_by("at", "connection_id", "sequence")


def _open_drifts(tenant: str) -> Any:
    return Drift.objects.open().filter(**_of_tenant(tenant))


def _rows(rows: Any, **columns: Any) -> ArraySubquery:
    return ArraySubquery(rows.values(row=JSONObject(**columns)))


def _moment(since: date) -> datetime:
    return datetime.combine(since.replace(day=1), time(), UTC) - OTHER_ZONES


def kept_from(since: date, told: Mapping[str, Any]) -> Kept:
    """Of what `kept_since` or `seen_since` read."""
    differing = {row["place"]: row["number"] for row in told.get("differing", ())}
    places = {row["pk"]: _place(row, differing) for row in told["places"]}
    for row in told["changes"]:
        places[row["place"]].changes.append(_change(row))
    for operation in (partial_row(Operation, row) for row in told["operations"]):
        if operation.connection_id in places:
            places[operation.connection_id].operations.append(operation)
    for row in told.get("drifts", ()):
        if row["place"] in places:
            places[row["place"]].drifts.append((row["pk"], row["kind"]))
    return Kept(_moment(since), told["slug"], list(places.values()))


def _place(row: Mapping[str, Any], differing: Mapping[int, int]) -> Place:
    return Place(
        pk=row["pk"],
        name=row["name"],
        read_at=_at(row["read_at"]) if row["read_at"] else None,
        began_at=_at(row["began_at"]),
        level=row["level"],
        terms=terms_from(row["terms"]),
        differences=differing.get(row["pk"], 0),
        away=bool(row["away"]),
    )


def _change(row: Mapping[str, Any]) -> Change[Origin]:
    """Who asked for an account made the level rise; who had it deleted is not told."""
    who = (row.get("name") or row.get("email") or "") if row["quantity"] > 0 else ""
    return Change(_at(row["at"]), row["quantity"], Origin(who, row["by_vendor"]))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- What it showed ---------------------------------------------------------------------------------------------------


class SipMeters:
    """A tenant's connections as meters of months from that of the day `since` on. What is read stays while this is used.

    One query, or none where `told` is what `kept_since` read of these months.
    """

    def __init__(self, tenant_id: int, since: date, closing: bool = False, told: Any = None) -> None:
        self._tenant_id = tenant_id
        self._kept = kept_from(since, told) if told else None

    def read(self, spans: Sequence[Span]) -> list[list[Reading]]:
        """Of those whose ledger had begun by each period's end."""
        self._reach(min(period.start for period, _ids in spans))
        return [
            [reading_of(one, period) for one in self._begun(period) if ids is None or one.pk in ids]
            for period, ids in spans
        ]

    def history(self, periods: Sequence[Period]) -> dict[int, list[int | None]]:
        self._reach(periods[0].start)
        return {one.pk: _peaks(one, periods) for one in self._begun(periods[-1])}

    def blockers(self, period: Period) -> list[Blocker]:
        """What was begun before the period's end and has not ended, what differs, and what was not read since."""
        slug, begun = self._reach(period.start).slug, self._begun(period)
        return [
            *(_operation_blocker(slug, each) for one in begun for each in _open(one, period)),
            *(_difference_blocker(slug, pk, kind) for one in begun for pk, kind in one.drifts),
            *(_stale_blocker(slug, one) for one in begun if one.read_at is None or one.read_at < period.end),
        ]

    def _begun(self, period: Period) -> list[Place]:
        return [one for one in self._reach(period.start).places if one.began_at < period.end]

    def _reach(self, start: datetime) -> Kept:
        """Have all that moved from `start` on; where nothing is counted, nothing did."""
        if self._kept is None or (self._kept.places and self._kept.since > start):
            rows = Tenant.objects.filter(pk=self._tenant_id)
            self._kept = kept_from(start.date(), rows.values_list(kept_since(start.date()), flat=True).get())
        return self._kept


def _open(place: Place, period: Period) -> list[Operation]:
    return [each for each in place.operations if each.created_at < period.end]


def _moved(place: Place, period: Period) -> tuple[int, list[Change[Origin]]]:
    """The level that the period opened with, by the present one, and what moved it since."""
    since = [change for change in place.changes if change.at >= period.start]
    return place.level - sum(change.quantity for change in since), since


@dataclass(frozen=True)
class Bounds:
    """A period's `peak`, over the `known` ones of its `levels`, and `most`, the highest that it may still turn out to be."""

    levels: list[Step[Origin]]
    known: list[Step[Origin]]
    peak: Peak[Origin]
    most: int

    @property
    def value(self) -> int:
        return max(0, self.peak.value)

    @property
    def at_most(self) -> int:
        return max(self.value, self.most)

    @property
    def reached_at(self) -> datetime | None:
        """None where the period opened with it."""
        return None if self.peak.carried else self.peak.at


def bounds_of(place: Place, period: Period) -> Bounds:
    opening, changes = _moved(place, period)
    levels = steps(changes, period, opening=opening)
    # What was before the ledger began is not known.
    known = levels[1:] if place.began_at >= period.start else levels
    uncertain = [_uncertain(each) for each in _open(place, period)]
    most = peak_range(changes, uncertain, period, opening=opening).at_most if uncertain else peak_of(levels).value
    return Bounds(levels, known, peak_of(known), most)


def reading_of(place: Place, period: Period) -> Reading:
    found = bounds_of(place, period)
    until = max(period.start, min(timezone.now(), period.end))
    longest = held(found.known, until, period.zone)
    origin = found.peak.change.cause if found.peak.change else None
    return Reading(
        object_id=place.pk,
        label=_name(place),
        value=found.value,
        at_most=found.at_most,
        opening=max(0, found.levels[0].level),
        closing=max(0, found.levels[-1].level),
        reached_at=found.reached_at,
        by_vendors_clock=origin is not None and origin.by_vendors_clock,
        person=origin.who if origin else "",
        lasted=longest.lasted,
        days=longest.days,
        levels=_levels(found.known),
        unsettled=[_unsettled(each) for each in _open(place, period)],
        read_at=place.read_at,
        moments=longest.moments,
    )


def _peaks(place: Place, periods: Sequence[Period]) -> list[int | None]:
    opening, changes = _moved(place, periods[0])
    found = peaks(changes, periods, opening=opening)
    return [
        max(0, one.value) if place.began_at < period.end else None for one, period in zip(found, periods, strict=True)
    ]


def _uncertain(operation: Operation) -> Change[Origin]:
    return Change(operation.created_at, MOVES[operation.kind])


def _levels(found: Sequence[Step[Any]]) -> list[Level]:
    """Clocks that disagree can bring it below nothing for a moment; there is no such number."""
    return [Level(step.at, max(0, step.level)) for step in found]


def _unsettled(operation: Operation) -> Unsettled:
    return Unsettled(
        text=operation.label,
        quantity=MOVES[operation.kind],
        since=operation.created_at,
        condition=operation.status,
        url_name="operations:operation",
        object_id=operation.pk,
    )


def _name(connection: Connection | Place) -> str:
    """Of a line in statements, which are the same in every language."""
    return f"{connection.name}: SIP"


# --- Each by itself -------------------------------------------------------------------------------------------------


def read(tenant_id: int, period: Period, object_ids: Sequence[int] | None = None) -> list[Reading]:
    return SipMeters(tenant_id, period.start.date()).read([(period, object_ids)])[0]


def history(tenant_id: int, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
    return SipMeters(tenant_id, periods[0].start.date()).history(periods)


def blockers(tenant_id: int, period: Period) -> list[Blocker]:
    return SipMeters(tenant_id, period.start.date(), True).blockers(period)


def names(object_ids: Sequence[int]) -> dict[int, str]:
    return {one.pk: _name(one) for one in Connection.objects.filter(pk__in=object_ids).only("name", "tenant")}


def apply(object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
    """Nothing is kept of the terms: whoever charges reads the contracts."""


# --- What stands in the way of closing -------------------------------------------------------------------------------


def _operation_blocker(slug: str, operation: Operation) -> Blocker:
    status = untranslated(Status(operation.status).label)
    text = Sentence(gettext_noop("“%(what)s” has not ended: %(status)s."), {"what": str(operation), "status": status})
    return Blocker(text, reverse("operations:operation", args=[slug, operation.pk]))


def _difference_blocker(slug: str, pk: int, kind: str) -> Blocker:
    called = untranslated(Drift.Kind(kind).label)
    text = Sentence(gettext_noop("A difference has not been decided: %(what)s."), {"what": called})
    return Blocker(text, reverse("telephony:difference", args=[slug, pk]))


def _stale_blocker(slug: str, place: Place) -> Blocker:
    text = gettext_noop("%(connection)s has not been read since the month ended.")
    address = reverse("telephony:sip_accounts", args=[slug])
    return Blocker(Sentence(text, {"connection": place.name}), f"{address}?connection={place.pk}")
