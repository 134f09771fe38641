"""What a board shows, read in one go: who is doing what, which calls are going on, what was asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONArray, JSONObject
from django.utils import timezone

from portal.sentences import Sentence
from realtime.calls.models import LIVE, Call, CallAction, Leg, LegState
from realtime.calls.presence import ExtensionState, states_of
from realtime.cards.matching import link_of
from realtime.cards.models import CardNumber, CardRules
from realtime.events.models import Event
from realtime.extensions.models import Extension
from realtime.models import RealtimeAccount

# For so long a board still says what became of something that was asked for and that no call shows.
TOLD_FOR = timedelta(minutes=2)
UNDER_WAY = (CallAction.State.ASKED, CallAction.State.TAKEN)
REFUSED = (CallAction.State.REFUSED, CallAction.State.UNKNOWN)
MOST_ASKED = 200
CARD_FIELDS = {
    "pk": "card_id",
    "number": "number",
    "name": "card__name",
    "company": "card__company",
    "reference": "card__reference",
    "note": "card__note",
}
ASKED_FIELDS = {
    "pk": "pk",
    "call": "call_id",
    "kind": "kind",
    "state": "state",
    "said": "said",
    "to": "to_number",
    "name": "to_extension__name",
    "number": "to_extension__number",
    "message": "operation__message",
}


@dataclass(frozen=True)
class Tile:
    """One co-worker, dialplan or other extension. `state` is free, ringing, talking, on_hold or unsure.

    `connection` is the id of its telephone system.
    """

    pk: int
    name: str
    number: str
    kind: str
    state: str
    since: datetime | None
    other: str
    connection: int


@dataclass(frozen=True)
class Asked:
    """Something that was asked for. `said` is what the vendor said to it."""

    pk: int
    kind: str
    state: str
    said: str
    to: str

    @property
    def label(self) -> Any:
        return CallAction.Kind(self.kind).label

    @property
    def words(self) -> str:
        """What was said, our own sentences in the reader's language."""
        return str(Sentence(self.said))

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY


@dataclass(frozen=True)
class Known:
    """What a customer card says of somebody outside; `link` leads to the company's own CRM, "" for nowhere."""

    pk: int
    name: str
    company: str
    reference: str
    note: str
    link: str


@dataclass(frozen=True)
class CallRow:
    """A call that is going on. `extensions` take part in it, `waiting_for` are kinds asked for and not shown yet.

    `card` is of whoever is outside, if there is one.
    """

    pk: int
    state: str
    direction: str
    from_: str
    to: str
    since: datetime
    recording: bool
    extensions: tuple[int, ...]
    asked: tuple[Asked, ...]
    card: Known | None = None

    @property
    def waiting_for(self) -> frozenset[str]:
        return frozenset(asked.kind for asked in self.asked if asked.under_way)

    @property
    def held(self) -> bool:
        return self.state == LegState.ON_HOLD

    @property
    def answered(self) -> bool:
        return self.state in (LegState.TALKING, LegState.ON_HOLD)


@dataclass(frozen=True)
class Picture:
    """`unread_since` is when the oldest event came that is not followed yet; `notes` are about no call that is going on."""

    tiles: tuple[Tile, ...]
    calls: tuple[CallRow, ...]
    notes: tuple[Asked, ...]
    unread_since: datetime | None


def read(tenant_id: int) -> Picture:
    """As it is now, by three queries at any number of rows. In the tenant's scope."""
    return read_from(tenant_id, with_board(RealtimeAccount.objects.filter(tenant_id=tenant_id)))


def with_board(accounts: QuerySet[RealtimeAccount]) -> QuerySet[Any]:
    """With each connection's directory, what was asked for, and since when events wait to be followed."""
    of_this = {"connection": OuterRef("connection")}
    tiles = Extension.objects.filter(**of_this, gone_at=None)
    asked = CallAction.objects.filter(**of_this, asked_at__gt=timezone.now() - TOLD_FOR).order_by("-asked_at", "-id")
    unread = Event.objects.filter(**of_this, handled_at=None).order_by("connection").values("connection")
    return accounts.annotate(
        told_tiles=ArraySubquery(tiles.values(json=JSONArray("pk", "name", "number", "kind", "connection_id"))),
        told_asked=ArraySubquery(asked.values(json=JSONObject(**ASKED_FIELDS))[:MOST_ASKED]),
        unread_since=Subquery(unread.annotate(at=Min("received_at")).values("at")),
    )


def read_from(tenant_id: int, accounts: Iterable[Any]) -> Picture:
    """As `read`, from accounts that were read `with_board`."""
    accounts = list(accounts)
    live = _each_once(list(_live_calls(tenant_id)))
    shown = {call.pk for call in live}
    asked = [(each["call"], _told(each)) for account in accounts for each in account.told_asked]
    return Picture(
        tiles=_tiles([row for account in accounts for row in account.told_tiles]),
        calls=tuple(_row(call, [told for call_pk, told in asked if call_pk == call.pk]) for call in live),
        notes=tuple(
            told for call_pk, told in asked if told.state != CallAction.State.CONFIRMED and call_pk not in shown
        ),
        unread_since=min((account.unread_since for account in accounts if account.unread_since), default=None),
    )


def _tiles(rows: list[list[Any]]) -> tuple[Tile, ...]:
    """By name."""
    states = states_of()
    return tuple(_tile(states[row[0]], *row) for row in sorted(rows, key=lambda row: (row[1].lower(), row[0])))


def _tile(doing: ExtensionState, pk: int, name: str, number: str, kind: str, connection: int) -> Tile:
    return Tile(pk, name, number, kind, str(doing.state), doing.since, doing.other_party, connection)


def _live_calls(tenant_id: int) -> Iterable[Call]:
    """With `open_legs` (of each its two extensions, who forwards it, since when it is recorded) and `card`."""
    legs = Leg.objects.filter(call=OuterRef("pk"), ended_at=None).order_by("pk")
    ends = JSONArray("from_extension_id", "to_extension_id")
    told = JSONObject(ends=ends, via="via_extension_id", recording="recording_at")
    calls = Call.objects.filter(tenant_id=tenant_id, state__in=LIVE).annotate(
        open_legs=ArraySubquery(legs.values(json=told)), card=_card()
    )
    return calls.select_related("from_extension", "to_extension").order_by("began_at", "pk")


def _each_once(calls: list[Any]) -> list[Any]:
    """Whoever calls a dialplan that rings a telephone is told of there: no event joins the two before they are bridged."""
    alone = [call for call in calls if len(call.open_legs) == 1 and any(_caller(call))]
    rung_by = {(*_caller(call), via) for call in alone if (via := call.open_legs[0]["via"])}
    doubled = {call.pk for call in alone if (*_caller(call), call.to_extension_id) in rung_by}
    return [call for call in calls if call.pk not in doubled]


def _caller(call: Call) -> tuple[int | None, str]:
    return call.from_extension_id, call.from_number


def _card() -> Subquery:
    """Of a call: what the card says of whoever is outside, and where cards lead."""
    outside = Q(number=OuterRef("from_number")) | Q(number=OuterRef("to_number"))
    rules = CardRules.objects.filter(tenant=OuterRef("tenant")).values("link")[:1]
    told = JSONObject(**CARD_FIELDS, template=Subquery(rules))
    return Subquery(CardNumber.objects.filter(outside).order_by("pk").values(json=told)[:1])


def _known(told: dict[str, Any] | None) -> Known | None:
    if told is None:
        return None
    link = link_of(told["template"] or "", told["number"], told["reference"])
    return Known(**{name: told[name] for name in CARD_FIELDS if name != "number"}, link=link)


def _row(call: Any, asked: list[Asked]) -> CallRow:
    taking_part = {pk for leg in call.open_legs for pk in leg["ends"] if pk}
    return CallRow(
        pk=call.pk,
        state=str(call.state),
        direction=call.direction,
        from_=_party(call.from_extension, call.from_number),
        to=_party(call.to_extension, call.to_number),
        since=call.answered_at or call.began_at,
        recording=any(leg["recording"] for leg in call.open_legs),
        extensions=tuple(sorted(taking_part)),
        asked=tuple(_worth_telling(asked)),
        card=_known(call.card),
    )


def _worth_telling(asked: list[Asked]) -> Iterable[Asked]:
    """The newest, and whatever else is still under way."""
    for place, each in enumerate(asked):
        if (place == 0 and each.state != CallAction.State.CONFIRMED) or each.under_way:
            yield each


def _party(extension: Any, number: str) -> str:
    return f"{extension.name} ({extension.number})" if extension else number


def _told(row: dict[str, Any]) -> Asked:
    to = f"{row['name']} ({row['number']})" if row["name"] else row["to"]
    said = row["said"] or (row["message"] or "" if row["state"] in REFUSED else "")
    return Asked(row["pk"], row["kind"], row["state"], said, to)
