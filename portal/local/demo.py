"""What the demo holds beside companies and people: each app registers a function that adds its own part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Demo:
    """Companies by address ("acme", "globex") and people by first name ("alice"), as `load_demo` made or found them.

    `told` are lines that whoever loads it reads beside the sign-ins; parts add theirs.
    """

    tenants: Mapping[str, Any]
    people: Mapping[str, Any]
    told: list[str] = field(default_factory=list)


# Called outside any scope, after every `load_demo`: enters the scopes it needs, and adds only what is missing.
Part = Callable[[Demo], None]

_parts: list[Part] = []


def register(part: Part) -> None:
    if part not in _parts:
        _parts.append(part)


def add_registered_parts(demo: Demo) -> None:
    for part in _parts:
        part(demo)
