"""SIP accounts as meters of the statement: each connection is charged by the peak of the accounts that it had in a month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Q
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.translation import gettext_lazy, gettext_noop

from portal.billing import meters
from portal.billing.kept import (
    Kept,
    KeptMeters,
    first_moment,
    kept_kind,
    moment,
    nothing_kept,
    of_tenant,
    rows,
    slug_of,
)
from portal.billing.ledgers import (
    LedgerPlace,
    Shown,
    ledger_peaks,
    ledger_reading,
    ledger_rows,
    place_values,
    shown_in,
    stale_blockers,
)
from portal.billing.meters import Blocker, Reading, Unsettled
from portal.billing.peaks import Change, Period, peak_of, peak_range
from portal.operations.models import Operation, Status
from portal.partial_rows import as_json, partial_row
from portal.sentences import Sentence, untranslated
from portal.vendors.models import Connection
from telephony.models import EFFECTIVE_AT, Drift, SipLevel

KEY = "telephony.sip_accounts"
# How an operation moves the level, if it is carried out. Their kinds know the client, and meters know no client.
MOVES = {"telephony.create_sip_account": 1, "telephony.delete_sip_account": -1}
OPERATION = ["id", "tenant_id", "connection_id", "kind", "label", "status", "created_at"]


# --- What is read -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """What moved the level: who asked for it ("" where nobody is known), and whose time it is kept with."""

    who: str
    by_vendors_clock: bool


@dataclass(frozen=True)
class Place(LedgerPlace[Origin]):
    """A connection. `operations` are open, `drifts` the ids and kinds of open differences, and `differences` their number.
    `away`: nothing can be read over it just now.
    """

    operations: list[Operation] = field(default_factory=list)
    drifts: list[tuple[int, str]] = field(default_factory=list)
    differences: int = 0
    away: bool = False

    def open_in(self, period: Period) -> list[Operation]:
        """Begun before the period's end."""
        return [each for each in self.operations if each.created_at < period.end]


def kept_since(since: date, tenant: str = "") -> JSONObject:
    """See `KeptMeters`."""
    changes, drifts = _changes(since, tenant), _open_drifts(tenant)
    return JSONObject(
        **_standing(tenant),
        changes=rows(changes, **CHANGE, name="account__requested_by__name", email="account__requested_by__email"),
        drifts=rows(drifts.order_by("pk"), place="connection_id", pk="pk", kind="kind"),
    )


def seen_since(since: date, tenant: str = "") -> JSONObject:
    """As `kept_since`, for looking at levels and peaks: without who moved them, and differences only counted."""
    counted = _open_drifts(tenant).order_by().values("connection_id").annotate(number=Count("pk"))
    return JSONObject(
        **_standing(tenant),
        changes=rows(_changes(since, tenant), **CHANGE),
        differing=rows(counted, place="connection_id", number="number"),
    )


CHANGE = {"place": "connection_id", "at": "at", "quantity": "quantity", "by_vendor": Q(vendor_at__isnull=False)}


def _standing(tenant: str) -> dict[str, Any]:
    """The connections as they are now, and what is open."""
    # What has not ended is found by an index of its own.
    operations = Operation.objects.open().filter(**of_tenant(tenant), ended_at=None, kind__in=list(MOVES))
    return {
        "slug": slug_of(tenant),
        "places": ledger_rows(
            Connection.objects.filter(**of_tenant(tenant)),
            SipLevel.objects.all(),
            key=KEY,
            read_at="telephony_mirror__read_at",
            away=Q(enabled=False) | Q(health__trouble__gt=""),
        ),
        "operations": ArraySubquery(operations.order_by("created_at", "pk").values(row=as_json(*OPERATION))),
    }


def _changes(since: date, tenant: str) -> Any:
    changes = SipLevel.objects.filter(**of_tenant(tenant)).annotate(at=EFFECTIVE_AT).filter(at__gte=first_moment(since))
    return changes.order_by("at", "connection_id", "sequence")


def _open_drifts(tenant: str) -> Any:
    return Drift.objects.open().filter(**of_tenant(tenant))


def kept_from(since: date, told: Mapping[str, Any]) -> Kept[Place]:
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
    return Kept(first_moment(since), told["slug"], list(places.values()))


def _place(row: Mapping[str, Any], differing: Mapping[int, int]) -> Place:
    return Place(**place_values(row), differences=differing.get(row["pk"], 0), away=bool(row["away"]))


def _change(row: Mapping[str, Any]) -> Change[Origin]:
    """Who asked for an account made the level rise; who had it deleted is not told."""
    who = (row.get("name") or row.get("email") or "") if row["quantity"] > 0 else ""
    return Change(moment(row["at"]), row["quantity"], Origin(who, row["by_vendor"]))


# --- What it showed ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bounds(Shown[Origin]):
    """With `most`, the highest that the peak may still turn out to be."""

    most: int

    @property
    def at_most(self) -> int:
        return max(self.value, self.most)


def bounds_of(place: Place, period: Period) -> Bounds:
    found, (opening, changes) = shown_in(place, period), place.moved(period)
    uncertain = [_uncertain(each) for each in place.open_in(period)]
    most = peak_range(changes, uncertain, period, opening=opening).at_most if uncertain else peak_of(found.levels).value
    return Bounds(found.levels, found.known, found.peak, most)


def _uncertain(operation: Operation) -> Change[Origin]:
    return Change(operation.created_at, MOVES[operation.kind])


class SipMeters(KeptMeters[Place]):
    kept_since = staticmethod(kept_since)
    kept_from = staticmethod(kept_from)

    def reading_of(self, place: Place, period: Period) -> Reading:
        found = bounds_of(place, period)
        origin = found.peak.change.cause if found.peak.change else None
        return replace(
            ledger_reading(place, period, found, _name(place)),
            by_vendors_clock=origin is not None and origin.by_vendors_clock,
            person=origin.who if origin else "",
            unsettled=[_unsettled(each) for each in place.open_in(period)],
        )

    def values_of(self, place: Place, periods: Sequence[Period]) -> list[int | None]:
        return ledger_peaks(place, periods)

    def blockers(self, period: Period) -> list[Blocker]:
        """What was begun before the period's end and has not ended, what differs, and what was not read since."""
        slug, begun = self.reach(period.start).slug, self.counted(period)
        return [
            *(_operation_blocker(slug, each) for one in begun for each in one.open_in(period)),
            *(_difference_blocker(slug, pk, kind) for one in begun for pk, kind in one.drifts),
            *stale_blockers(begun, period, reverse("telephony:sip_accounts", args=[slug])),
        ]


def _unsettled(operation: Operation) -> Unsettled:
    return Unsettled(
        text=operation.label,
        quantity=MOVES[operation.kind],
        since=operation.created_at,
        condition=operation.status,
        url_name="operations:operation",
        object_id=operation.pk,
    )


def names(object_ids: Sequence[int]) -> dict[int, str]:
    return {one.pk: _name(one) for one in Connection.objects.filter(pk__in=object_ids).only("name", "tenant")}


def _name(connection: Connection | Place) -> str:
    """Of a line in statements, which are the same in every language."""
    return f"{connection.name}: SIP"


# --- What stands in the way of closing -------------------------------------------------------------------------------


def _operation_blocker(slug: str, operation: Operation) -> Blocker:
    status = untranslated(Status(operation.status).label)
    text = Sentence(gettext_noop("“%(what)s” has not ended: %(status)s."), {"what": str(operation), "status": status})
    return Blocker(text, reverse("operations:operation", args=[slug, operation.pk]))


def _difference_blocker(slug: str, pk: int, kind: str) -> Blocker:
    called = untranslated(Drift.Kind(kind).label)
    text = Sentence(gettext_noop("A difference has not been decided: %(what)s."), {"what": called})
    return Blocker(text, reverse("telephony:difference", args=[slug, pk]))


KIND = kept_kind(SipMeters, KEY, gettext_lazy("SIP accounts"), names=names, apply=nothing_kept)


def register() -> None:
    meters.register(KIND)
