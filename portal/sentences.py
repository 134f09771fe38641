"""Sentences that are kept in a row and read later, by people of several languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation
from django.utils.translation import gettext


@dataclass(frozen=True)
class Sentence:
    """`text` as it stands in the translations (mark it with `gettext_noop`), and what its places are filled with.

    Translated when it is read, not when it is written. A value may be a sentence itself.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.text:
            return ""
        if not self.values:
            return gettext(self.text)
        return gettext(self.text) % {name: _said(value) for name, value in self.values.items()}

    def __bool__(self) -> bool:
        return bool(self.text)

    def as_json(self) -> dict[str, Any]:
        """For a JSONField; nothing for an empty one."""
        if not self.text:
            return {}
        return {"text": self.text, "values": _stored(self.values)} if self.values else {"text": self.text}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Sentence":
        return cls(stored.get("text", ""), stored.get("values", {}))


def untranslated(label: Any) -> Sentence:
    """The sentence that a lazy translation stands for."""
    with translation.override(None):
        return Sentence(str(label))


def _said(value: Any) -> Any:
    return str(Sentence.from_json(value)) if isinstance(value, Mapping) else value


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.as_json() if isinstance(value, Sentence) else value for name, value in values.items()}
