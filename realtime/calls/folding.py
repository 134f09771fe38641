"""What the events of a leg come to, and the legs of a call: the same in whatever order, and however often, they came.

Pure: no database, no clock. What is decided by time is decided by the vendor's own times.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from realtime.calls.models import LegState
from realtime.calls.parties import NOBODY, Party

# Of events told at the same moment, this is the order in which they happened.
ORDER = (
    "created",
    "transferred",
    "ringing",
    "answered",
    "bridged",
    "holding",
    "resume",
    "start_recording",
    "stop_recording",
    "terminated",
)
_PLACE = {event_type: place for place, event_type in enumerate(ORDER)}
# Where the "answered" was lost, these still tell that somebody is talking.
ONLY_WHEN_ANSWERED = {"bridged", "holding", "resume"}
ANSWERS = {"answered"} | ONLY_WHEN_ANSWERED
# Who is joined to somebody else is not on hold any more.
ENDS_A_HOLD = {"resume", "bridged", "transferred"}
UNTOLD = "untold"
# The first that fits a leg is the state of its call: one who waits is more to be seen than one who talks. Of legs that were
# bridged one rings only when it was transferred.
MOST_TELLING = (LegState.ON_HOLD, LegState.RINGING, LegState.TALKING, LegState.CREATED)


@dataclass(frozen=True)
class Told:
    """What one event says of one leg; `told` is as `realtime.events.facts` writes it."""

    key: str
    event_type: str
    at: datetime
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return self.event_type in _PLACE

    @property
    def loose(self) -> bool:
        """A "created" without a call ID, which was found to belong here."""
        return bool(self.told.get("loose"))

    @property
    def place(self) -> tuple[datetime, int, str]:
        return self.at, _PLACE.get(self.event_type, len(ORDER)), self.key

    def party(self, side: str) -> Party:
        return Party.of(self.told.get(side))


@dataclass(frozen=True)
class LegFacts:
    """A leg as its events have it; times are the vendor's, in UTC. `last_at` is that of the latest event."""

    state: LegState
    began_at: datetime
    last_at: datetime
    direction: str = ""
    from_: Party = NOBODY
    via: Party = NOBODY
    to: Party = NOBODY
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    held_at: datetime | None = None
    recording_at: datetime | None = None
    recorded: bool = False
    transferred: str = ""
    ended_at: datetime | None = None
    reason: str = ""
    ends: str = ""
    heard_at: datetime | None = None


def fold(events: Iterable[Told]) -> LegFacts:
    """Of at least one event. Events of unknown types tell nothing where there are others; alone they tell of a leg of which
    nobody can say whether it is going on.
    """
    everything = sorted({told.key: told for told in events}.values(), key=lambda told: told.place)
    known = [told for told in everything if told.known]
    story = known or everything
    from_, via, to = _sides(story)
    ended = _first(story, {"terminated"})
    held = None if ended else _still(story, {"holding"}, ENDS_A_HOLD)
    recording = None if ended else _still(story, {"start_recording"}, {"stop_recording"})
    answered = _first(story, {"answered"}) or _first(story, ONLY_WHEN_ANSWERED)
    again = _rings_again(story)
    own = [told for told in known if not told.loose]
    return LegFacts(
        state=_state(bool(known), story, ended, answered if again is None else None, held),
        began_at=story[0].at,
        last_at=everything[-1].at,
        direction=next((told.told["direction"] for told in story if told.told.get("direction")), "")[:10],
        from_=from_,
        via=via,
        to=to,
        ringing_at=_at(again or _first(story, {"ringing"})),
        answered_at=_at(answered),
        held_at=_at(held),
        recording_at=_at(recording),
        recorded=any(told.event_type in ("start_recording", "stop_recording") for told in story),
        transferred=_transferred(story),
        ended_at=_at(ended),
        reason=ended.told.get("reason", "") if ended else "",
        ends=_ends(own),
        heard_at=own[0].at if own else None,
    )


def _state(
    known: bool, story: Sequence[Told], ended: Told | None, answered: Told | None, held: Told | None
) -> LegState:
    if not known:
        return LegState.UNSURE
    if ended:
        return LegState.ENDED
    if held:
        return LegState.ON_HOLD
    if answered:
        return LegState.TALKING
    return LegState.RINGING if _first(story, {"ringing"}) else LegState.CREATED


def _first(story: Sequence[Told], types: set[str]) -> Told | None:
    return next((told for told in story if told.event_type in types), None)


def _still(story: Sequence[Told], begins: set[str], ends: set[str]) -> Told | None:
    """The event since which something goes on; None where it does not."""
    since = None
    for told in story:
        if told.event_type in ends:
            since = None
        elif told.event_type in begins:
            since = since or told
    return since


def _rings_again(story: Sequence[Told]) -> Told | None:
    """The "ringing" of whom the leg was transferred to, as long as nobody there has answered."""
    moved = [place for place, told in enumerate(story) if told.event_type == "transferred"]
    return _still(story[moved[-1] :], {"ringing"}, ANSWERS) if moved else None


def _at(told: Told | None) -> datetime | None:
    return told.at if told else None


def _transferred(story: Sequence[Told]) -> str:
    """How it was transferred the last time; `UNTOLD` where the vendor left that out."""
    last = next((told for told in reversed(story) if told.event_type == "transferred"), None)
    return str(last.told.get("transfer_type") or UNTOLD)[:10] if last else ""


def _sides(story: Sequence[Told]) -> tuple[Party, Party, Party]:
    """From, via and to. After a transfer they are those of its `after`, until later events say more."""
    from_ = via = to = NOBODY
    for told in story:
        before, after = told.told.get("before") or {}, told.told.get("after") or {}
        from_ = _side(from_, told, "from", before, after)
        to = _side(to, told, "to", before, after)
        via = via.then(told.party("via"))
    return from_, via, to


def _side(now: Party, told: Told, side: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Party:
    now = now.then(told.party(side))
    return Party.of(after.get(side)) or now or Party.of(before.get(side))


def _ends(own: Sequence[Told]) -> str:
    """Between whom a leg began, as far as a "created" without a call ID could belong to it."""
    if any(told.event_type == "created" for told in own):
        return ""
    first = next((told for told in own if ends_of(told) and told.event_type != "transferred"), None)
    return ends_of(first) if first else ""


def ends_of(told: Told) -> str:
    """ "" where one of both sides may be anybody."""
    from_, to = told.party("from").key, told.party("to").key
    return f"{from_}>{to}" if from_ and to else ""


# --- Calls --------------------------------------------------------------------------------------------------------------


# Between two telephones of the company; of one of its legs the vendor says that it came in, of the other that it went out.
INTERNAL = "internal"
TOGETHER = timedelta(seconds=1)


@dataclass(frozen=True)
class CallFacts:
    """A call as its legs have it."""

    state: LegState
    began_at: datetime
    last_at: datetime
    direction: str
    from_: Party
    to: Party
    answered_at: datetime | None
    ended_at: datetime | None
    reason: str
    recorded: bool
    transferred: str


def fold_call(legs: Mapping[str, LegFacts]) -> CallFacts:
    """Of at least one leg, by the vendor's call ID. The first leg says who called whom; where others answered a call that came
    in (by way of a dialplan), the last of them is whom it reached.
    """
    story = _in_order(legs)
    first, others = story[0], story[1:]
    reached = [leg for leg in others if leg.answered_at and leg.to] if first.direction == "inbound" else []
    ended = [leg for leg in story if leg.ended_at]
    last = max(ended, key=lambda leg: (leg.ended_at, leg.reason)) if len(ended) == len(story) else None
    return CallFacts(
        state=_state_of(story),
        began_at=first.began_at,
        last_at=max(leg.last_at for leg in story),
        direction=INTERNAL if first.from_.extension_id and first.to.extension_id else first.direction,
        from_=first.from_,
        to=max(reached, key=_answered_last).to if reached else first.to,
        answered_at=min((leg.answered_at for leg in story if leg.answered_at), default=None),
        ended_at=last.ended_at if last else None,
        reason=last.reason if last else "",
        recorded=any(leg.recorded for leg in story),
        transferred=next((leg.transferred for leg in reversed(story) if leg.transferred), ""),
    )


def _in_order(legs: Mapping[str, LegFacts]) -> list[LegFacts]:
    """As they began, those that were forwarded last. Of those that began together (a caller's, and the one that it rings) the
    one that came in is first.
    """
    story = sorted(legs.items(), key=lambda item: (bool(item[1].via), item[1].began_at, item[0]))
    first = story[0][1]
    together = [
        leg for _id, leg in story if leg.began_at <= first.began_at + TOGETHER and bool(leg.via) == bool(first.via)
    ]
    came_in = next((leg for leg in together if leg.direction == "inbound"), first)
    return [came_in, *(leg for _id, leg in story if leg is not came_in)]


def _answered_last(leg: LegFacts) -> tuple[Any, ...]:
    return leg.answered_at, leg.began_at, leg.to.key


def _state_of(story: Sequence[LegFacts]) -> LegState:
    states = {leg.state for leg in story}
    live = next((state for state in MOST_TELLING if state in states), None)
    return live or (LegState.UNSURE if LegState.UNSURE in states else LegState.ENDED)
