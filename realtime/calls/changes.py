"""What became of calls when events were followed: for those who act upon it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from realtime.calls.models import Call, Leg, LegEvent, LegState


@dataclass(frozen=True)
class Before:
    """What was known of a call, or of the calls that became one, before."""

    known: bool = False
    inbound: bool = False
    rang: bool = False
    answered_at: datetime | None = None
    ended: bool = False

    @classmethod
    def of(cls, calls: Iterable[Call]) -> "Before":
        known = list(calls)
        return cls(
            known=bool(known),
            inbound=any(call.direction == "inbound" for call in known),
            rang=any(call.state not in (LegState.CREATED, LegState.UNSURE) for call in known),
            answered_at=min((call.answered_at for call in known if call.answered_at), default=None),
            ended=any(call.state == LegState.ENDED for call in known),
        )


@dataclass(frozen=True)
class CallChange:
    """A call with all its legs as they are now, and the events that were new: of all its legs, those of unknown types too."""

    call: Call
    legs: Sequence[Leg]
    events: Sequence[LegEvent]
    before: Before

    @property
    def happenings(self) -> list[str]:
        """What the company's other systems are told, in its order; each at most once for a call."""
        call, before = self.call, self.before
        found = {
            "call.inbound": call.direction == "inbound" and not before.inbound,
            "call.ringing": call.state == LegState.RINGING and not before.rang,
            "call.answered": bool(call.answered_at) and not before.answered_at,
            "call.ended": call.state == LegState.ENDED and not before.ended,
        }
        return [name for name, happened in found.items() if happened]
