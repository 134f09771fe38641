"""A list that is too long for memory: its items one by one, out of a spool, by the parser that reads every other answer."""

import codecs
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from typing import Any, Self

from portal.vendors.errors import VendorProtocolError
from portal.vendors.spool import Spool

# In characters. What belongs to no list has to fit as well, taken together.
LONGEST_ITEM = 5_000_000
AFTER_A_VALUE = frozenset(",]}: \t\r\n")


class LongList:
    """What `items_in` gives, outside memory: each iteration reads the items anew, and holds one at a time.

    Iterating raises VendorProtocolError as soon as what comes is no JSON, or no list of `name`. Close it after use.
    """

    def __init__(self, spool: Spool, name: str) -> None:
        self._spool, self._name = spool, name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._spool.close()

    def __iter__(self) -> Iterator[Any]:
        text = _JsonText(self._spool.pieces())
        try:
            yield from self._items(text)
            text.end()
        except (ValueError, RecursionError):
            raise VendorProtocolError("The vendor's answer cannot be read: it is not JSON") from None

    def beginning(self, most: int) -> list[Any]:
        """So many of its first items, or as many as can be read."""
        found = []
        with suppress(VendorProtocolError):
            for item in islice(self, most):
                found.append(item)
        return found

    def _items(self, text: "_JsonText") -> Iterator[Any]:
        if text.next() == "[":
            yield from text.items()
        elif text.next() == "{":
            yield from self._items_within(text)
        else:
            raise VendorProtocolError(f"The vendor's answer is no list of {self._name}")

    def _items_within(self, text: "_JsonText") -> Iterator[Any]:
        """The list under its name; without one the object itself is the only item."""
        alone: dict[str, Any] | None = {}
        for name in text.names():
            if name == self._name and text.next() == "[":
                alone = None
                yield from text.items()
                continue
            value = text.value()
            if alone is not None:
                alone[name] = value
                text.must_not_exceed(LONGEST_ITEM)
        if alone is not None:
            yield alone


class _JsonText:
    """JSON read from its beginning. Raises ValueError and RecursionError for what is none, as `json` does."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        first = next(pieces, b"")
        self._decoder = codecs.getincrementaldecoder(json.detect_encoding(first))("surrogatepass")
        self._parse = json.JSONDecoder(parse_constant=lambda name: None).raw_decode
        self._text, self._at = self._decoder.decode(first), 0
        self._passed = 0
        self._ended = False

    def next(self) -> str:
        """The next character that is no blank, which stays; "" at the end."""
        while True:
            self._at = WHITESPACE.match(self._text, self._at).end()
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._read_more()

    def items(self) -> Iterator[Any]:
        """Of the list that comes next."""
        self._take("[")
        if self.next() == "]":
            self._take("]")
            return
        while True:
            yield self.value()
            if self._take(",]") == "]":
                return

    def names(self) -> Iterator[str]:
        """Of the object that comes next. Who gets one takes its value before asking for another."""
        self._take("{")
        if self.next() == "}":
            self._take("}")
            return
        while True:
            if self.next() != '"':
                raise ValueError("a name was expected")
            name = self.value()
            self._take(":")
            yield name
            if self._take(",}") == "}":
                return

    def value(self) -> Any:
        while True:
            self.next()
            try:
                value, end = self._parse(self._text, self._at)
            except ValueError:
                if self._ended:
                    raise
            else:
                # Of a number more may come: 10 is also the beginning of 10.5.
                if self._text[end : end + 1] in AFTER_A_VALUE or self._ended:
                    self._at = end
                    return value
            self._read_more()

    def end(self) -> None:
        if self.next():
            raise ValueError("something follows the end")

    def must_not_exceed(self, most: int) -> None:
        if self._passed + self._at > most:
            raise ValueError(f"longer than {most} characters")

    def _take(self, expected: str) -> str:
        found = self.next()
        if not found or found not in expected:
            raise ValueError(f"one of {expected} was expected")
        self._at += 1
        return found

    def _read_more(self) -> None:
        """Twice as much as is left, so that a long value is not tried again for every piece of it."""
        left = self._text[self._at :]
        if len(left) > LONGEST_ITEM:
            raise ValueError(f"longer than {LONGEST_ITEM} characters")
        more, length = [left], 0
        while length <= len(left) and not self._ended:
            piece = next(self._pieces, b"")
            self._ended = not piece
            more.append(self._decoder.decode(piece, final=self._ended))
            length += len(more[-1])
        self._passed += self._at
        self._text, self._at = "".join(more), 0
