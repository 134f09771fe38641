"""The before and after of an audit entry, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.audit.models import Entry
from portal.ui.formats import name_text, value_text


@dataclass(frozen=True)
class Change:
    """One field. `changed` is False where both sides are told and are the same."""

    name: str
    before: str
    after: str
    changed: bool


def changes_of(entry: Entry) -> list[Change]:
    return changes_between(entry.before, entry.after)


def changes_between(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """In the order in which the act told them; a side that was not told is a dash."""
    before, after = before or {}, after or {}
    return [
        Change(
            name_text(key), value_text(before.get(key)), value_text(after.get(key)), before.get(key) != after.get(key)
        )
        for key in [*before, *(key for key in after if key not in before)]
    ]
