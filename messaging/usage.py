"""Parts of SMS as meters of the statement: each destination is charged by the parts that the vendor took in a month.

What counts is the ledger `PartsSent`: a sending that is proven to have left, at the time at which it left. While the outcome
of a batch is not known the month is an interval. Once a person sent a batch again and that was taken, the parts of the earlier
try that nothing proves are charged to nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.translation import gettext_lazy, gettext_noop

from messaging.countries import country_name
from messaging.models import Batch, Destination, Message, MessageState, PartsSent, Sending
from portal.billing import meters
from portal.billing.meters import Blocker, MeterKind, Reading, Span, Unsettled
from portal.billing.peaks import Period
from portal.billing.terms import Terms, agreed_around, terms_from
from portal.operations.models import HOLDING, Status
from portal.sentences import Sentence
from portal.tenancy.models import Tenant

KEY = "messaging.sms_parts"
# A month of another zone begins up to so much earlier.
OTHER_ZONES = timedelta(days=1)
MAY_HAVE_LEFT = [MessageState.WAITING, MessageState.UNKNOWN]


def register() -> None:
    meters.register(
        MeterKind(
            KEY,
            gettext_lazy("Parts of SMS"),
            read,
            blockers,
            apply,
            sums=True,
            history=history,
            names=names,
            opened=PartMeters,
            along=kept_since,
        )
    )


# --- What is read -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """A sending that may have left, and so many parts with it to one destination."""

    campaign_id: int
    label: str
    since: datetime
    parts: int
    condition: str


@dataclass(frozen=True)
class Place:
    """A destination. `sent` are the parts since `Kept.since`, summed up to moments of their month, `began_at` the first.

    `terms` are what is agreed around now.
    """

    pk: int
    name: str
    began_at: datetime | None
    terms: Terms
    sent: list[tuple[datetime, int]]
    open: list[Open] = field(default_factory=list)

    def parts_in(self, period: Period) -> int:
        return sum(parts for at, parts in self.sent if at in period)

    def open_in(self, period: Period) -> list[Open]:
        return [each for each in self.open if each.since in period]

    def counted_in(self, period: Period) -> bool:
        return (self.began_at is not None and self.began_at < period.end) or bool(self.open_in(period))


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
    entries = PartsSent.objects.filter(destination=OuterRef("pk"))
    places = Destination.objects.filter(**of_tenant).order_by("pk")
    sums = (
        entries.filter(sent_at__gte=_moment(since)).annotate(at=Bin("sent_at")).values("at").annotate(sum=Sum("parts"))
    )
    return JSONObject(
        slug=F(f"{tenant}__slug" if tenant else "slug"),
        places=_rows(
            places,
            pk="pk",
            connection="connection_id",
            name="connection__name",
            country="country",
            began_at=Subquery(entries.order_by("sent_at").values("sent_at")[:1]),
            sent=_rows(sums.order_by("at"), at="at", parts="sum"),
            terms=agreed_around(KEY),
        ),
        open=_rows(
            _open_sendings(of_tenant),
            connection="connection_id",
            campaign="batch__campaign_id",
            name="batch__campaign__name",
            batch="batch__number",
            since="started_at",
            status="batch__operation__status",
            parts=_rows(_undecided_parts(), country="country", parts="sum"),
        ),
    )


class Bin(Func):
    """A moment of the same month in every zone: at a month's edges the quarter of an hour, else the month's third day.

    Clocks of all zones differ from UTC by quarters of an hour, and by less than a day.
    """

    output_field = DateTimeField()
    template = (
        "case when extract(day from %(expressions)s at time zone 'UTC') = 1"
        " or extract(day from %(expressions)s at time zone 'UTC' + interval '1 day') = 1"
        " then date_bin('15 minutes', %(expressions)s, '2000-01-01 00:00+00')"
        " else (date_trunc('month', %(expressions)s at time zone 'UTC') + interval '2 days') at time zone 'UTC' end"
    )


def _open_sendings(of_tenant: Mapping[str, Any]) -> QuerySet[Sending]:
    """What has left, or may have, and is not in the ledger."""
    undecided = Q(batch__state=Batch.State.UNKNOWN) | Q(
        batch__state=Batch.State.ASKED, batch__operation__status__in=HOLDING
    )
    written = PartsSent.objects.filter(sending=OuterRef("pk"))
    of_batches = {f"batch__{name}": value for name, value in of_tenant.items()}
    return Sending.objects.filter(undecided, ~Exists(written), **of_batches).order_by("started_at", "pk")


def _undecided_parts() -> QuerySet[Any, Any]:
    rows = Message.objects.filter(batch=OuterRef("batch_id"), state__in=MAY_HAVE_LEFT)
    return rows.values("country").annotate(sum=Sum("parts"))


def _rows(rows: Any, **columns: Any) -> ArraySubquery:
    return ArraySubquery(rows.values(row=JSONObject(**columns)))


def _moment(since: date) -> datetime:
    return datetime.combine(since.replace(day=1), time(), UTC) - OTHER_ZONES


def kept_from(since: date, told: Mapping[str, Any]) -> Kept:
    """Of what `kept_since` read."""
    places = {(row["connection"], row["country"]): _place(row) for row in told["places"]}
    for row in told["open"]:
        for part in row["parts"]:
            place = places.get((row["connection"], part["country"]))
            if place is not None:
                place.open.append(_open(row, part["parts"]))
    return Kept(_moment(since), told["slug"], sorted(places.values(), key=lambda place: (place.name, place.pk)))


def _place(row: Mapping[str, Any]) -> Place:
    began_at = _at(row["began_at"]) if row["began_at"] else None
    sent = [(_at(each["at"]), each["parts"]) for each in row["sent"]]
    return Place(row["pk"], _name(row["name"], row["country"]), began_at, terms_from(row["terms"]), sent)


def _open(row: Mapping[str, Any], parts: int) -> Open:
    label = f"{row['name']}, {row['batch']}"
    return Open(row["campaign"], label, _at(row["since"]), parts, row["status"] or Status.UNKNOWN.value)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _name(connection: str, country: str) -> str:
    """Of a line in statements, which are the same in every language."""
    return f"{connection}: {country_name(country)}"


# --- What it showed ---------------------------------------------------------------------------------------------------


class PartMeters:
    """A tenant's destinations as meters of months from that of the day `since` on. What is read stays while this is used.

    One query, or none where `told` is what `kept_since` read of these months.
    """

    def __init__(self, tenant_id: int, since: date, closing: bool = False, told: Any = None) -> None:
        self._tenant_id = tenant_id
        self._kept = kept_from(since, told) if told else None

    def read(self, spans: Sequence[Span]) -> list[list[Reading]]:
        """Of those to which anything was sent, or may have been, by each period's end."""
        self._reach(min(period.start for period, _ids in spans))
        return [
            [reading_of(one, period) for one in self._counted(period) if ids is None or one.pk in ids]
            for period, ids in spans
        ]

    def history(self, periods: Sequence[Period]) -> dict[int, list[int | None]]:
        kept = self._reach(periods[0].start)
        return {one.pk: [_value(one, period) for period in periods] for one in kept.places if one.began_at}

    def blockers(self, period: Period) -> list[Blocker]:
        """Batches that may have left in the period."""
        kept = self._reach(period.start)
        found = {(each.campaign_id, each.label): each for one in kept.places for each in one.open_in(period)}
        return [_blocker(kept.slug, each) for each in found.values()]

    def _counted(self, period: Period) -> list[Place]:
        return [one for one in self._reach(period.start).places if one.counted_in(period)]

    def _reach(self, start: datetime) -> Kept:
        """Have all that was sent from `start` on; where there is no destination, nothing was."""
        if self._kept is None or (self._kept.places and self._kept.since > start):
            rows = Tenant.objects.filter(pk=self._tenant_id)
            self._kept = kept_from(start.date(), rows.values_list(kept_since(start.date()), flat=True).get())
        return self._kept


def reading_of(place: Place, period: Period) -> Reading:
    value, undecided = place.parts_in(period), place.open_in(period)
    return Reading(
        object_id=place.pk,
        label=place.name,
        value=value,
        at_most=value + sum(each.parts for each in undecided),
        unsettled=[_unsettled(each) for each in undecided],
    )


def _value(place: Place, period: Period) -> int | None:
    return place.parts_in(period) if place.began_at and place.began_at < period.end else None


def _unsettled(each: Open) -> Unsettled:
    return Unsettled(
        text=each.label,
        quantity=each.parts,
        since=each.since,
        condition=each.condition,
        url_name="messaging:campaign",
        object_id=each.campaign_id,
    )


# --- Each by itself -------------------------------------------------------------------------------------------------


def read(tenant_id: int, period: Period, object_ids: Sequence[int] | None = None) -> list[Reading]:
    return PartMeters(tenant_id, period.start.date()).read([(period, object_ids)])[0]


def history(tenant_id: int, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
    return PartMeters(tenant_id, periods[0].start.date()).history(periods)


def blockers(tenant_id: int, period: Period) -> list[Blocker]:
    return PartMeters(tenant_id, period.start.date(), True).blockers(period)


def names(object_ids: Sequence[int]) -> dict[int, str]:
    rows = Destination.objects.filter(pk__in=object_ids).values_list("pk", "connection__name", "country")
    return {pk: _name(connection, country) for pk, connection, country in rows}


def apply(object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
    """What a campaign is told to cost before it is released is made from this price."""
    Destination.objects.filter(pk=object_id).update(unit_price=unit_price)


def _blocker(slug: str, each: Open) -> Blocker:
    text = Sentence(gettext_noop("It is not known whether a batch left: %(what)s."), {"what": each.label})
    return Blocker(text, reverse("messaging:campaign", args=[slug, each.campaign_id]))
