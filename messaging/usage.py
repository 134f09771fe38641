"""Parts of SMS as meters of the statement: each destination is charged by the parts that the vendor took in a month.

What counts is the ledger `PartsSent`: a sending that is proven to have left, at the time at which it left. While the outcome
of a batch is not known the month is an interval. Once a person sent a batch again and that was taken, the parts of the earlier
try that nothing proves are charged to nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import DateTimeField, Exists, Func, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.translation import gettext_lazy, gettext_noop

from messaging.countries import country_name
from messaging.models import Batch, Destination, Message, MessageState, PartsSent, Sending
from portal.billing import meters
from portal.billing.kept import Kept, KeptMeters, first_moment, kept_kind, moment, of_tenant, rows, slug_of
from portal.billing.meters import Blocker, Reading, Unsettled
from portal.billing.peaks import Period
from portal.billing.terms import Terms, agreed_around, terms_from
from portal.operations.models import HOLDING, Status
from portal.sentences import Sentence

KEY = "messaging.sms_parts"
MAY_HAVE_LEFT = [MessageState.WAITING, MessageState.UNKNOWN]


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


def kept_since(since: date, tenant: str = "") -> JSONObject:
    """See `KeptMeters`."""
    mine = of_tenant(tenant)
    entries = PartsSent.objects.filter(destination=OuterRef("pk"))
    places = Destination.objects.filter(**mine).order_by("pk")
    sums = (
        entries.filter(sent_at__gte=first_moment(since))
        .annotate(at=Bin("sent_at"))
        .values("at")
        .annotate(sum=Sum("parts"))
    )
    return JSONObject(
        slug=slug_of(tenant),
        places=rows(
            places,
            pk="pk",
            connection="connection_id",
            name="connection__name",
            country="country",
            began_at=Subquery(entries.order_by("sent_at").values("sent_at")[:1]),
            sent=rows(sums.order_by("at"), at="at", parts="sum"),
            terms=agreed_around(KEY),
        ),
        open=rows(
            _open_sendings(mine),
            connection="connection_id",
            campaign="batch__campaign_id",
            name="batch__campaign__name",
            batch="batch__number",
            since="started_at",
            status="batch__operation__status",
            parts=rows(_undecided_parts(), country="country", parts="sum"),
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


def _open_sendings(mine: Mapping[str, Any]) -> QuerySet[Sending]:
    """What has left, or may have, and is not in the ledger."""
    undecided = Q(batch__state=Batch.State.UNKNOWN) | Q(
        batch__state=Batch.State.ASKED, batch__operation__status__in=HOLDING
    )
    written = PartsSent.objects.filter(sending=OuterRef("pk"))
    of_batches = {f"batch__{name}": value for name, value in mine.items()}
    return Sending.objects.filter(undecided, ~Exists(written), **of_batches).order_by("started_at", "pk")


def _undecided_parts() -> QuerySet[Any, Any]:
    rows = Message.objects.filter(batch=OuterRef("batch_id"), state__in=MAY_HAVE_LEFT)
    return rows.values("country").annotate(sum=Sum("parts"))


def kept_from(since: date, told: Mapping[str, Any]) -> Kept[Place]:
    """Of what `kept_since` read."""
    places = {(row["connection"], row["country"]): _place(row) for row in told["places"]}
    for row in told["open"]:
        for part in row["parts"]:
            place = places.get((row["connection"], part["country"]))
            if place is not None:
                place.open.append(_open(row, part["parts"]))
    return Kept(first_moment(since), told["slug"], sorted(places.values(), key=lambda place: (place.name, place.pk)))


def _place(row: Mapping[str, Any]) -> Place:
    began_at = moment(row["began_at"]) if row["began_at"] else None
    sent = [(moment(each["at"]), each["parts"]) for each in row["sent"]]
    return Place(row["pk"], _name(row["name"], row["country"]), began_at, terms_from(row["terms"]), sent)


def _open(row: Mapping[str, Any], parts: int) -> Open:
    label = f"{row['name']}, {row['batch']}"
    return Open(row["campaign"], label, moment(row["since"]), parts, row["status"] or Status.UNKNOWN.value)


def _name(connection: str, country: str) -> str:
    """Of a line in statements, which are the same in every language."""
    return f"{connection}: {country_name(country)}"


# --- What it showed ---------------------------------------------------------------------------------------------------


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


class PartMeters(KeptMeters[Place]):
    """Of destinations to which anything was sent, or may have been."""

    kept_since = staticmethod(kept_since)
    kept_from = staticmethod(kept_from)

    def reading_of(self, place: Place, period: Period) -> Reading:
        return reading_of(place, period)

    def values_of(self, place: Place, periods: Sequence[Period]) -> list[int | None]:
        return [_value(place, period) for period in periods]

    def blockers(self, period: Period) -> list[Blocker]:
        """Batches that may have left in the period."""
        kept = self.reach(period.start)
        found = {(each.campaign_id, each.label): each for one in kept.places for each in one.open_in(period)}
        return [_blocker(kept.slug, each) for each in found.values()]


def _blocker(slug: str, each: Open) -> Blocker:
    text = Sentence(gettext_noop("It is not known whether a batch left: %(what)s."), {"what": each.label})
    return Blocker(text, reverse("messaging:campaign", args=[slug, each.campaign_id]))


def names(object_ids: Sequence[int]) -> dict[int, str]:
    rows = Destination.objects.filter(pk__in=object_ids).values_list("pk", "connection__name", "country")
    return {pk: _name(connection, country) for pk, connection, country in rows}


def apply(object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
    """What a campaign is told to cost before it is released is made from this price."""
    Destination.objects.filter(pk=object_id).update(unit_price=unit_price)


KIND = kept_kind(PartMeters, KEY, gettext_lazy("Parts of SMS"), names=names, apply=apply, sums=True)


def register() -> None:
    meters.register(KIND)
