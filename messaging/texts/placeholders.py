"""Places in a text that are filled for each recipient: `{{ name }}`."""

import re
from collections.abc import Callable, Mapping

_PLACE = re.compile(r"\{\{[ \t]*([^{}\s][^{}\n]{0,59}?)[ \t]*\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


class MissingValue(Exception):
    """There is nothing to fill the place `name` with."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def key_of(name: str) -> str:
    """What names are compared by: capitals and blanks do not count."""
    return " ".join(name.casefold().split())


def names_in(text: str) -> tuple[str, ...]:
    """The names of its places as they are written, each once."""
    found: dict[str, str] = {}
    for name in _PLACE.findall(text):
        found.setdefault(key_of(name), name)
    return tuple(found.values())


def broken(text: str) -> bool:
    """Does it hold braces that begin or end no place?"""
    return bool(_BRACES.search(without(text)))


def without(text: str) -> str:
    """What is sent to everybody alike: the text without its places."""
    return _PLACE.sub("", text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`values` by `key_of` their names. Raises MissingValue, for an empty value too."""
    return _PLACE.sub(lambda place: _value(place.group(1), values), text)


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values.get(key_of(name), "")
    if not value:
        raise MissingValue(name)
    return value


def outside(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` made everywhere but in its places."""
    kept = [found.group() for found in _PLACE.finditer(text)]
    changed = [change(between) for between in _PLACE.sub("\0", text).split("\0")]
    return "".join(each for pair in zip(changed, [*kept, ""], strict=True) for each in pair)
