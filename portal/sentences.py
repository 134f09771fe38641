"""Sentences that are kept in a row and read later, by people of several languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext


@dataclass(frozen=True)
class Sentence:
    """`text` as it stands in the translations (mark it with `gettext_noop`), and what its places are filled with.

    Translated when it is read, not when it is written.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.text:
            return ""
        return gettext(self.text) % self.values if self.values else gettext(self.text)

    def __bool__(self) -> bool:
        return bool(self.text)

    def as_json(self) -> dict[str, Any]:
        """For a JSONField; nothing for an empty one."""
        if not self.text:
            return {}
        return {"text": self.text, "values": dict(self.values)} if self.values else {"text": self.text}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Sentence":
        return cls(stored.get("text", ""), stored.get("values", {}))
