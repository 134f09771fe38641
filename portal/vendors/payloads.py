"""Taking typed values out of a vendor's JSON: liberal about their spelling, clear about what was not understood.

Errors name fields, never values: those are in `raw`.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from portal.vendors.errors import VendorProtocolError
from portal.vendors.times import read_time

LONGEST_TEXT = 500
LARGEST_COUNT = 2**31 - 1

Choice = TypeVar("Choice", bound=StrEnum)


def single_in(payload: Any) -> Any:
    """The one object, also when it comes as a list of one (some of KPN's APIs do that)."""
    if isinstance(payload, list) and len(payload) == 1:
        return payload[0]
    return payload


def items_in(payload: Any, name: str) -> list[Any]:
    """The list, also when it comes under a name or as its only item."""
    if isinstance(payload, Mapping) and isinstance(payload.get(name), list):
        payload = payload[name]
    if isinstance(payload, Mapping):
        return [payload]
    if isinstance(payload, list):
        return payload
    raise VendorProtocolError(f"The vendor's answer is no list of {name}", raw=payload)


class Fields:
    """The fields of one object. Reading one takes it away, so that `rest` is what nobody asked for.

    `known` stands in for what is missing or null; a field found in neither raises VendorProtocolError.
    """

    def __init__(self, what: str, payload: Any, known: Mapping[str, Any] | None = None) -> None:
        if not isinstance(payload, Mapping):
            raise VendorProtocolError(f"The vendor's {what} is no object", raw=payload)
        self._what = what
        self._payload = payload
        self._left = dict(payload)
        self._known = known or {}
        self._parts: dict[str, Fields] = {}

    def part(self, name: str) -> "Fields":
        """The fields of an object within this one, none when there is no such object; their `rest` is in this one's."""
        value = self._left.get(name)
        if isinstance(value, Mapping) or not value:
            self._left.pop(name, None)
        part = self._parts[name] = Fields(
            f"{self._what}'s {name}", value if isinstance(value, Mapping) else {}, self._known
        )
        part._payload = self._payload
        return part

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str:
        """Text or a number, without blanks around it."""
        value = self._take(name)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self._flaw(name)
        text = str(value).strip()
        if len(text) > longest or not text.isprintable() or (not text and name not in self._known):
            raise self._flaw(name)
        return text

    def optional(self, name: str, *, longest: int = LONGEST_TEXT) -> str:
        """Text like `text`, or "" where there is none; what cannot be understood stays in `rest`."""
        value = self._left.get(name)
        if (value is None or value == "") and name not in self._known:
            self._left.pop(name, None)
            return ""
        try:
            return self.text(name, longest=longest)
        except VendorProtocolError:
            if value is not None and str(value).strip():
                self._left[name] = value
            return ""

    def secret(self, name: str, *, longest: int = LONGEST_TEXT) -> str:
        """Text exactly as it came: blanks belong to a password."""
        value = self._take(name)
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise self._flaw(name)
        return value

    def count(self, name: str) -> int:
        """A whole number from 0, also as text."""
        value = self._take(name)
        if isinstance(value, str) and len(value.strip()) <= 20:
            value = int(value) if value.strip().isascii() and value.strip().isdecimal() else None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
            raise self._flaw(name)
        return value

    def choice(self, name: str, choices: type[Choice]) -> Choice:
        """One of a fixed set of words, in any case."""
        word = self.text(name).lower()
        for choice in choices:
            if choice.value == word:
                return choice
        raise self._flaw(name)

    def time(self, name: str) -> datetime | None:
        """A moment in UTC, or None; one that cannot be read stays in `rest`."""
        moment = read_time(self._left.get(name))
        if moment is not None or self._left.get(name) in (None, ""):
            self._left.pop(name, None)
        return moment

    def take(self, name: str) -> Any:
        """Whatever stands there, None where nothing does."""
        return self._take(name)

    def rest(self) -> dict[str, Any]:
        """What was not asked for."""
        return self._left | {name: left for name, part in self._parts.items() if (left := part.rest())}

    def _take(self, name: str) -> Any:
        value = self._left.pop(name, None)
        return self._known.get(name) if value is None else value

    def _flaw(self, name: str) -> VendorProtocolError:
        return VendorProtocolError(f"The vendor's {self._what} has no usable {name}", raw=self._payload)
