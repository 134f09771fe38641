"""Users of live calls as meters of the statement: each telephone system is charged by the peak of its users in a month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, gettext_noop

from portal.billing import meters
from portal.billing.meters import Blocker, Level, MeterKind, Reading, Span
from portal.billing.peaks import Change, Peak, Period, Step, held, peak_of, peaks, steps
from portal.billing.terms import Terms, agreed_around, terms_from
from portal.sentences import Sentence
from portal.tenancy.models import Tenant
from portal.vendors.models import Connection
from realtime.models import UserLevel

KEY = "realtime.users"
# A month of another zone begins up to so much earlier.
OTHER_ZONES = timedelta(days=1)


def register() -> None:
    meters.register(
        MeterKind(
            KEY,
            gettext_lazy("Users of live calls"),
            read,
            blockers,
            apply,
            history=history,
            names=names,
            opened=UserMeters,
            along=kept_since,
        )
    )


# --- What is read -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A telephone system whose ledger has begun, with its latest level and what moved it since `Kept.since`.

    `terms` are what is agreed around now. Who made or removed a user at the vendor is told to nobody.
    """

    pk: int
    name: str
    read_at: datetime | None
    began_at: datetime
    level: int
    terms: Terms
    changes: list[Change[None]] = field(default_factory=list)


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
    of_tenant = {"tenant": OuterRef(tenant or "pk")}
    entries = UserLevel.objects.filter(connection=OuterRef("pk"))
    places = Connection.objects.filter(**of_tenant).annotate(
        began_at=Subquery(entries.order_by("sequence").values("recorded_at")[:1]),
        level=Subquery(entries.order_by("-sequence").values("level")[:1]),
    )
    changes = UserLevel.objects.filter(**of_tenant, recorded_at__gte=_moment(since))
    return JSONObject(
        slug=F(f"{tenant}__slug" if tenant else "slug"),
        places=_rows(
            places.filter(began_at__isnull=False).order_by("name", "pk"),
            pk="pk",
            name="name",
            read_at="realtime_account__read_at",
            began_at="began_at",
            level="level",
            terms=agreed_around(KEY),
        ),
        changes=_rows(
            changes.order_by("recorded_at", "connection_id", "sequence"),
            place="connection_id",
            at="recorded_at",
            quantity="quantity",
        ),
    )


def _rows(rows: Any, **columns: Any) -> ArraySubquery:
    return ArraySubquery(rows.values(row=JSONObject(**columns)))


def _moment(since: date) -> datetime:
    return datetime.combine(since.replace(day=1), time(), UTC) - OTHER_ZONES


def kept_from(since: date, told: Mapping[str, Any]) -> Kept:
    """Of what `kept_since` read."""
    places = {row["pk"]: _place(row) for row in told["places"]}
    for row in told["changes"]:
        places[row["place"]].changes.append(Change(_at(row["at"]), row["quantity"]))
    return Kept(_moment(since), told["slug"], list(places.values()))


def _place(row: Mapping[str, Any]) -> Place:
    return Place(
        pk=row["pk"],
        name=row["name"],
        read_at=_at(row["read_at"]) if row["read_at"] else None,
        began_at=_at(row["began_at"]),
        level=row["level"],
        terms=terms_from(row["terms"]),
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- What it showed ---------------------------------------------------------------------------------------------------


class UserMeters:
    """A tenant's telephone systems as meters of months from that of the day `since` on. What is read stays while this is used.

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
        """What was not read since the period's end."""
        slug, begun = self._reach(period.start).slug, self._begun(period)
        return [_stale_blocker(slug, one) for one in begun if one.read_at is None or one.read_at < period.end]

    def _begun(self, period: Period) -> list[Place]:
        return [one for one in self._reach(period.start).places if one.began_at < period.end]

    def _reach(self, start: datetime) -> Kept:
        """Have all that moved from `start` on; where nothing is counted, nothing did."""
        if self._kept is None or (self._kept.places and self._kept.since > start):
            rows = Tenant.objects.filter(pk=self._tenant_id)
            self._kept = kept_from(start.date(), rows.values_list(kept_since(start.date()), flat=True).get())
        return self._kept


@dataclass(frozen=True)
class Shown:
    """A period's `peak` over the `known` ones of its `levels`."""

    levels: list[Step[None]]
    known: list[Step[None]]
    peak: Peak[None]

    @property
    def reached_at(self) -> datetime | None:
        """None where the period opened with it."""
        return None if self.peak.carried else self.peak.at


def shown_in(place: Place, period: Period) -> Shown:
    opening, changes = _moved(place, period)
    levels = steps(changes, period, opening=opening)
    # What was before the ledger began is not known.
    known = levels[1:] if place.began_at >= period.start else levels
    return Shown(levels, known, peak_of(known))


def reading_of(place: Place, period: Period) -> Reading:
    found = shown_in(place, period)
    until = max(period.start, min(timezone.now(), period.end))
    longest = held(found.known, until, period.zone)
    return Reading(
        object_id=place.pk,
        label=_name(place),
        value=found.peak.value,
        at_most=found.peak.value,
        opening=found.levels[0].level,
        closing=found.levels[-1].level,
        reached_at=found.reached_at,
        lasted=longest.lasted,
        days=longest.days,
        levels=[Level(step.at, step.level) for step in found.known],
        read_at=place.read_at,
        moments=longest.moments,
    )


def _moved(place: Place, period: Period) -> tuple[int, list[Change[None]]]:
    """The level that the period opened with, by the present one, and what moved it since."""
    since = [change for change in place.changes if change.at >= period.start]
    return place.level - sum(change.quantity for change in since), since


def _peaks(place: Place, periods: Sequence[Period]) -> list[int | None]:
    opening, changes = _moved(place, periods[0])
    found = peaks(changes, periods, opening=opening)
    return [one.value if place.began_at < period.end else None for one, period in zip(found, periods, strict=True)]


def _name(connection: Connection | Place) -> str:
    """Of a line in statements, which are the same in every language."""
    return f"{connection.name}: users"


# --- Each by itself -------------------------------------------------------------------------------------------------


def read(tenant_id: int, period: Period, object_ids: Sequence[int] | None = None) -> list[Reading]:
    return UserMeters(tenant_id, period.start.date()).read([(period, object_ids)])[0]


def history(tenant_id: int, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
    return UserMeters(tenant_id, periods[0].start.date()).history(periods)


def blockers(tenant_id: int, period: Period) -> list[Blocker]:
    return UserMeters(tenant_id, period.start.date(), True).blockers(period)


def names(object_ids: Sequence[int]) -> dict[int, str]:
    return {one.pk: _name(one) for one in Connection.objects.filter(pk__in=object_ids).only("name", "tenant")}


def apply(object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
    """Nothing is kept of the terms: whoever charges reads the contracts."""


def _stale_blocker(slug: str, place: Place) -> Blocker:
    text = gettext_noop("%(connection)s has not been read since the month ended.")
    address = reverse("realtime:directory", args=[slug])
    return Blocker(Sentence(text, {"connection": place.name}), f"{address}?connection={place.pk}")
