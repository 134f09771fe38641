"""What an event says of each of its legs, as it is kept (`LegEvent.told`) and folded (`realtime.calls.folding`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from realtime.calls.folding import Told
from realtime.events_wire import ParsedEvent, ToldEnds, ToldLeg, ToldParty

# How far the vendor's clock may be ahead, and how late an event may come, before our own time is taken instead.
AHEAD, LATE = timedelta(minutes=5), timedelta(days=7)
LONGEST_TYPE = 40


@dataclass(frozen=True)
class LegFact:
    """What one event says of the leg with that call ID, which it joins with `others`; "" is a "created" that names none."""

    call_id: str
    told: Told
    others: tuple[str, ...] = ()


def facts_of(parsed: ParsedEvent, key: str, received_at: datetime) -> list[LegFact]:
    """One for each leg that has a call ID; of a "created" without any, that one. `key` is the event's."""
    at = time_of(parsed.at, received_at)
    legs = [leg for leg in parsed.legs if leg.call_id]
    if not legs and parsed.event_type == "created":
        legs = list(parsed.legs[:1])
    joined = tuple(dict.fromkeys(leg.call_id for leg in legs)) if parsed.event_type == "bridged" else ()
    return [
        LegFact(leg.call_id, Told(key, parsed.event_type[:LONGEST_TYPE], at, _told(parsed, leg)), joined)
        for leg in {leg.call_id: leg for leg in legs}.values()
    ]


def time_of(told: datetime | None, received_at: datetime) -> datetime:
    """The vendor's own time where it can be true."""
    return told if told and received_at - LATE < told < received_at + AHEAD else received_at


def _told(parsed: ParsedEvent, leg: ToldLeg) -> dict[str, Any]:
    told: dict[str, Any] = {
        "from": _party(leg.from_),
        "via": _party(leg.via),
        "to": _party(leg.to),
        "direction": leg.direction,
        "reason": parsed.reason,
        "transfer_type": parsed.transfer_type,
        "before": _ends(parsed.before),
        "after": _ends(parsed.after),
        "initiator": _party(parsed.initiator),
        "loose": not leg.call_id,
    }
    return _without_nothing(told)


def _party(party: ToldParty | None) -> dict[str, str]:
    return _without_nothing(asdict(party)) if party else {}


def _ends(ends: ToldEnds | None) -> dict[str, Any]:
    return _without_nothing({"from": _party(ends.from_), "to": _party(ends.to)}) if ends else {}


def _without_nothing(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value}
