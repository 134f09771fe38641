"""Who is meant by a side of a call: numbers in one spelling, and the extensions of the directory behind them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q

from realtime.extensions.models import Extension

DIGITS = re.compile(r"[0-9]+")
# "00" and fewer digits is an internal number such as 001; so many without anything in front of them are E.164.
LEAST_EXTERNAL = 9
BETWEEN_DIGITS = str.maketrans("", "", " -./()")


def canonical(number: str) -> str:
    """+E.164 for an external number (told with +, with 00, or with neither), digits for an internal one, which may begin
    with 0. What is no number stays as it was told.
    """
    told = number.strip()
    bare = told.translate(BETWEEN_DIGITS)
    digits = bare.removeprefix("+")
    if not DIGITS.fullmatch(digits):
        return told
    if bare.startswith("+"):
        return bare
    if digits.startswith("00"):
        return f"+{digits[2:]}" if len(digits) >= LEAST_EXTERNAL + 2 else digits
    return f"+{digits}" if len(digits) >= LEAST_EXTERNAL and digits[0] != "0" else digits


@dataclass(frozen=True)
class Party:
    """One side as events told it; `number` is canonical, "" is what nobody told."""

    number: str = ""
    extension_id: str = ""
    caller_id: str = ""

    def __bool__(self) -> bool:
        return bool(self.number or self.extension_id or self.caller_id)

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> "Party":
        told = told or {}
        return cls(canonical(told.get("number", "")), told.get("extension_id", ""), told.get("caller_id", ""))

    def then(self, later: "Party") -> "Party":
        """This one after `later` was told: more of the same side, or another side altogether."""
        if not later:
            return self
        if self._is_another(later):
            return later
        told = {name: value for name in ("number", "extension_id", "caller_id") if (value := getattr(later, name))}
        return replace(self, **told)

    def _is_another(self, later: "Party") -> bool:
        if self.extension_id and later.extension_id:
            return self.extension_id != later.extension_id
        return bool(self.number and later.number and self.number != later.number)

    @property
    def key(self) -> str:
        """By which the same side is known in another event; "" for one that may be anybody."""
        return self.extension_id or self.number


NOBODY = Party()


class Directory:
    """The extensions behind some parties of one connection, read by one query."""

    def __init__(self, connection_id: int, parties: Iterable[Party]) -> None:
        wanted = list(parties)
        ids = {party.extension_id for party in wanted if party.extension_id}
        numbers = {party.number for party in wanted if party.number}
        outer = {f"+{number.lstrip('+')}" for number in numbers}
        bare = {number.lstrip("+") for number in numbers}
        fits = Q(vendor_id__in=ids) | Q(number__in=bare) | Q(external_number__in=outer)
        rows = Extension.objects.filter(fits, connection_id=connection_id) if ids or numbers else []
        # The last one wins: one that is there before one that has gone.
        found = sorted(rows, key=lambda row: (row.gone_at is None, row.pk))
        self._by_id = {row.vendor_id: row for row in found}
        self._by_number = {row.number: row for row in found}
        self._by_outer = {row.external_number: row for row in found if row.external_number}

    def extension_of(self, party: Party) -> Extension | None:
        """By the vendor's ID, else by the internal number, else by the external one."""
        if party.extension_id in self._by_id:
            return self._by_id[party.extension_id]
        bare = party.number.lstrip("+")
        return self._by_number.get(bare) or self._by_outer.get(f"+{bare}") if bare else None
