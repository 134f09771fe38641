"""What Kwebbl posts to a subscription's address, read from every spelling of its document ("Receiving events from
subscriptions"). What an event claims is the sender's word: nothing here proves who sent it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.vendors.errors import VendorProtocolError
from portal.vendors.payloads import Fields
from portal.vendors.times import read_time
from realtime.loose_json import read_json

# "Available events".
EVENT_TYPES = (
    "created",
    "ringing",
    "answered",
    "terminated",
    "transferred",
    "bridged",
    "holding",
    "resume",
    "start_recording",
    "stop_recording",
)
OTHER_SPELLINGS = {"resumed": "resume"}
LONGEST_ID = 80
MOST_LEGS = 20


@dataclass(frozen=True)
class ToldParty:
    """One side of a call as it was told; "" is what was not. `number` may be internal, or external with +, 00 or neither."""

    number: str = ""
    extension_id: str = ""
    caller_id: str = ""

    def __bool__(self) -> bool:
        return bool(self.number or self.extension_id or self.caller_id)

    @classmethod
    def parse(cls, payload: Any) -> "ToldParty | None":
        if not isinstance(payload, Mapping):
            return None
        fields = Fields("party", payload)
        party = cls(
            number=fields.optional("number", longest=40),
            extension_id=fields.optional("extension_id", longest=64),
            caller_id=fields.optional("caller_id", longest=80),
        )
        return party or None


@dataclass(frozen=True)
class ToldLeg:
    """What one event says of one leg. `call_id` is "" in a "created" that does not name it, as the document shows one."""

    call_id: str
    from_: ToldParty | None = None
    via: ToldParty | None = None
    to: ToldParty | None = None
    direction: str = ""

    @classmethod
    def parse(cls, fields: Fields) -> "ToldLeg":
        return cls(
            call_id=fields.optional("call_id", longest=LONGEST_ID),
            from_=ToldParty.parse(fields.take("from")),
            via=ToldParty.parse(fields.take("via")),
            to=ToldParty.parse(fields.take("to")),
            direction=fields.optional("direction", longest=20).lower(),
        )


@dataclass(frozen=True)
class ToldEnds:
    """Both sides of a call before or after a transfer."""

    from_: ToldParty | None = None
    to: ToldParty | None = None

    @classmethod
    def parse(cls, payload: Any) -> "ToldEnds | None":
        if not isinstance(payload, Mapping):
            return None
        return cls(ToldParty.parse(payload.get("from")), ToldParty.parse(payload.get("to")))


@dataclass(frozen=True)
class ParsedEvent:
    """One event. `event_type` is one of `EVENT_TYPES`, or an unknown one in small letters with _; `at` is aware, in UTC.

    `legs` has one leg, those of `calls` for "bridged", none where nothing was told of one. `before`, `after`, `initiator`
    and `transfer_type` ("" untold) are a transfer's, `reason` an end's. `raw` is the whole event.
    """

    event_id: str | None
    event_type: str
    at: datetime | None
    legs: tuple[ToldLeg, ...]
    reason: str = ""
    transfer_type: str = ""
    before: ToldEnds | None = None
    after: ToldEnds | None = None
    initiator: ToldParty | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def known(self) -> bool:
        return self.event_type in EVENT_TYPES

    @property
    def key(self) -> str:
        """What is the same for the same event sent twice, at most 80 characters.

        The document gives an "answered" and a "bridged" the same ID, so the type belongs to it; an event without an ID is
        known by all that it says.
        """
        if self.event_id is None:
            told = repr((self.event_type, self.at, self.legs, self.before, self.after, self.reason))
            return hashlib.sha256(told.encode()).hexdigest()
        key = f"{self.event_id}/{self.event_type}"
        return key if len(key) <= LONGEST_ID else hashlib.sha256(key.encode()).hexdigest()


def parse_event(body: bytes) -> ParsedEvent:
    """Raises VendorProtocolError for what is no JSON object or has no event type."""
    try:
        payload = read_json(body)
    except ValueError:
        raise VendorProtocolError("The event is not JSON") from None
    fields = Fields("event", payload)
    event_type = canonical_type(fields.text("event_type", longest=60))
    return ParsedEvent(
        event_id=fields.optional("id") or None,
        event_type=event_type,
        at=read_time(fields.take("time")),
        legs=_legs(fields),
        reason=fields.optional("reason", longest=60),
        transfer_type=fields.optional("transfer_type", longest=20).lower(),
        before=ToldEnds.parse(fields.take("before")),
        after=ToldEnds.parse(fields.take("after")),
        initiator=ToldParty.parse(fields.take("initiator")),
        raw=payload,
    )


def canonical_type(told: str) -> str:
    """The document writes start-recording and start_recording, resume and resumed; the words of its list are kept."""
    word = told.strip().lower().replace("-", "_").replace(" ", "_")
    return OTHER_SPELLINGS.get(word, word)


def _legs(fields: Fields) -> tuple[ToldLeg, ...]:
    own = ToldLeg.parse(fields)
    calls = fields.take("calls")
    told = [each for each in calls if isinstance(each, Mapping)] if isinstance(calls, list) else []
    legs = [own, *(ToldLeg.parse(Fields("call", each)) for each in told[:MOST_LEGS])]
    return tuple(leg for leg in legs if leg != ToldLeg(""))
