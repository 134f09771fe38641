"""What Kwebbl tells of a directory and of subscriptions, and whom it is told to call: typed, from any of its spellings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from portal.vendors.errors import VendorProtocolError
from portal.vendors.payloads import Fields
from realtime.events_wire import canonical_type

Remote = TypeVar("Remote")

ANY = "*"
# "Request a new subscription": what a subscription is about when nothing is said.
DEFAULT_EVENTS = ("created", "ringing", "answered", "terminated")
LONGEST_URL = 2000
_NUMBER = re.compile(r"\+?\d{2,18}", re.ASCII)


class Mode(StrEnum):
    PRESENCE = "presence"
    DETAILED = "detailed"


@dataclass(frozen=True)
class Reading(Generic[Remote]):
    """All of one list. Who concludes from something's absence must see that it is `complete`."""

    items: tuple[Remote, ...]
    unreadable: tuple[VendorProtocolError, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.unreadable

    def __iter__(self) -> Iterator[Remote]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class RemoteExtension:
    """A user or a dialplan. `kind` is "user", "dialplan" or another word of the vendor's; `external_number` as it was told,
    "" for none: E.164, which the document has without +.
    """

    id: str
    name: str
    number: str
    kind: str
    external_number: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteExtension":
        fields = Fields("extension", payload, known)
        return cls(
            id=fields.text("id", longest=64),
            name=fields.optional("name"),
            number=fields.text("number", longest=20),
            kind=fields.text("type", longest=20).lower(),
            external_number=fields.optional("external_number", longest=20),
            raw=fields.rest(),
        )


@dataclass(frozen=True)
class Agent:
    """Whose calls a subscription is about: `*` in all three is everybody's. `field` is `from`, `to` or `*`."""

    number: str = ANY
    extension_id: str = ANY
    field: str = ANY

    @classmethod
    def parse(cls, payload: Any) -> "Agent":
        told = Fields("agent", payload, {"field": ANY, "number": ANY, "extension_id": ANY})
        return cls(
            number=told.text("number", longest=20),
            extension_id=told.text("extension_id", longest=64),
            field=told.text("field", longest=10).lower(),
        )

    def on_the_wire(self) -> dict[str, str]:
        """Without what means everything: "*" is the default of each."""
        told = {"field": self.field, "number": self.number, "extension_id": self.extension_id}
        return {name: value for name, value in told.items() if value != ANY} or {"number": ANY}


@dataclass(frozen=True)
class RemoteSubscription:
    """`event_types` are in the spelling of `realtime.events_wire.EVENT_TYPES`, or ("*",)."""

    id: str
    callback_url: str
    event_types: tuple[str, ...] = DEFAULT_EVENTS
    agents: tuple[Agent, ...] = (Agent(),)
    mode: str = Mode.PRESENCE
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteSubscription":
        """The list says `events`, the other chapters `event_types`."""
        fields = Fields("subscription", payload, {"mode": Mode.PRESENCE, **known})
        events = [fields.take("event_types"), fields.take("events")]
        return cls(
            id=fields.text("id", longest=64),
            callback_url=fields.text("callback_url", longest=LONGEST_URL),
            event_types=_event_types(next((told for told in events if told is not None), None), payload),
            agents=_agents(fields.take("agents"), payload),
            mode=fields.text("mode", longest=20).lower(),
            raw=fields.rest(),
        )


@dataclass(frozen=True)
class RemoteCallerId:
    """A number that an extension may show: its `id`, and `number` as it was told (E.164, in the document without +)."""

    id: str
    number: str

    @classmethod
    def parse(cls, payload: Any) -> "RemoteCallerId":
        fields = Fields("caller ID", payload)
        return cls(id=fields.text("caller_id", longest=64), number=fields.text("caller_number", longest=20))


@dataclass(frozen=True)
class Party:
    """Somebody to call: by number (internal, or external as E.164) or by extension. One of them is set."""

    number: str = ""
    extension_id: str = ""

    def on_the_wire(self) -> dict[str, str]:
        """By number alone where there is one: the document spells the other name in two ways."""
        if self.number:
            if not _NUMBER.fullmatch(self.number):
                raise ValueError("a number is digits, with or without + before them")
            return {"number": self.number}
        if not self.extension_id:
            raise ValueError("a party has a number or an extension")
        return {"extension_id": self.extension_id}


def _event_types(told: Any, payload: Any) -> tuple[str, ...]:
    if told is None:
        return DEFAULT_EVENTS
    if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
        raise VendorProtocolError("The vendor's subscription has no usable event types", raw=payload)
    return tuple(canonical_type(each) for each in told)


def _agents(told: Any, payload: Any) -> tuple[Agent, ...]:
    if told is None:
        return (Agent(),)
    if not isinstance(told, list):
        raise VendorProtocolError("The vendor's subscription has no usable agents", raw=payload)
    return tuple(Agent.parse(each) for each in told)
