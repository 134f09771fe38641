"""Numbers and months as people and spreadsheets write them: "1.234,56" and "1,234.56" alike. No NaN, nothing below zero."""

import re
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

# A cell of a table: text, or the number that a spreadsheet keeps.
Cell = str | Decimal

LARGEST = Decimal(10) ** 9
SPARE = re.compile(r"[\s\u00a0\u202f'€]|EUR", re.IGNORECASE)
DIGITS = re.compile(r"(?P<sign>[+-]?)(?P<digits>[0-9][0-9.,]*)", re.ASCII)
GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:[.,][0-9]{3})+", re.ASCII)
# What a spreadsheet's binary fractions may be off by.
DUST = Decimal("0.0000001")
MONTHS = [
    re.compile(r"(?P<year>[0-9]{4})[-/.]?(?P<month>[0-9]{2})(?:[-/.]?[0-9]{2})?(?:[ T]00:00(?::00)?)?", re.ASCII),
    re.compile(r"(?:[0-9]{1,2}[-/.])?(?P<month>[0-9]{1,2})[-/.](?P<year>[0-9]{4})", re.ASCII),
]
# Day 0 of spreadsheets, and the numbers that read as a year and a month.
EPOCH, YEAR_AND_MONTH = date(1899, 12, 30), range(190_001, 999_913)


class NotUnderstood(ValueError):
    """`str()` is a sentence about the cell."""


def whole(cell: Cell) -> int:
    """A count. Raises NotUnderstood."""
    value = _number(cell, places=0)
    if value != value.to_integral_value():
        raise NotUnderstood(_("%(cell)s is not a whole number.") % {"cell": shown(cell)})
    return int(value)


def money(cell: Cell) -> Decimal:
    """An amount, to the cent; three digits after one sign are thousands. Raises NotUnderstood."""
    return _to_places(cell, _number(cell, places=2), 2)


def price(cell: Cell) -> Decimal:
    """A price of one, with four decimals at most; one sign alone is the decimal one. Raises NotUnderstood."""
    return _to_places(cell, _number(cell, places=4), 4)


def month(cell: Cell) -> date:
    """The first day of the month that a cell names: 2026-10, 10-2026, any day of it. Raises NotUnderstood."""
    text = shown(cell)
    if isinstance(cell, Decimal) and int(cell) not in YEAR_AND_MONTH:
        return _of_spreadsheet(cell)
    for pattern in MONTHS:
        if found := pattern.fullmatch(text.strip()):
            return _first_day(int(found["year"]), int(found["month"]), text)
    raise _no_month(text)


def shown(cell: Cell) -> str:
    """As text, without an exponent, and not longer than a sentence bears."""
    return (format(cell, "f") if isinstance(cell, Decimal) else cell)[:60]


def _number(cell: Cell, *, places: int) -> Decimal:
    value = cell if isinstance(cell, Decimal) else _of_text(cell, places)
    if not value.is_finite():
        raise _no_number(cell)
    if value < 0:
        raise NotUnderstood(_("%(cell)s is below zero. A credit belongs on its own note.") % {"cell": shown(cell)})
    if value > LARGEST:
        raise NotUnderstood(_("%(cell)s is more than any invoice can hold.") % {"cell": shown(cell)})
    return value


def _of_text(text: str, places: int) -> Decimal:
    found = DIGITS.fullmatch(SPARE.sub("", text))
    if not found or len(found["digits"]) > 30:
        raise _no_number(text)
    digits = found["digits"]
    return Decimal(found["sign"] + _plain(digits, places, text))


def _plain(digits: str, places: int, text: str) -> str:
    """`digits` with a point, or nothing, before the decimals."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits
    sign, before, after = digits[last], digits[:last], digits[last + 1 :]
    alone = not re.search(r"[.,]", before)
    if GROUPED.fullmatch(digits) and len(set(re.findall(r"[.,]", digits))) == 1 and not (alone and places > 2):
        return re.sub(r"[.,]", "", digits)
    other = "," if sign == "." else "."
    groups = before.split(other)
    if sign in before or not after or any(len(group) != 3 for group in groups[1:]) or not groups[0]:
        raise _no_number(text)
    return f"{''.join(groups)}.{after}"


def _to_places(cell: Cell, value: Decimal, places: int) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if abs(rounded - value) > DUST:
        raise NotUnderstood(_("%(cell)s has more than %(places)s decimals.") % {"cell": shown(cell), "places": places})
    return rounded


def _of_spreadsheet(days: Decimal) -> date:
    if not 1 <= days < 2_958_466:
        raise _no_month(shown(days))
    return (EPOCH + timedelta(days=int(days))).replace(day=1)


def _first_day(year: int, number: int, text: str) -> date:
    if not (1 <= number <= 12 and year >= 1):
        raise _no_month(text)
    return date(year, number, 1)


def _no_number(cell: Cell) -> NotUnderstood:
    return NotUnderstood(_("“%(cell)s” is not a number.") % {"cell": shown(cell)})


def _no_month(text: str) -> NotUnderstood:
    return NotUnderstood(_("“%(cell)s” is not a month. Write it as 2026-10.") % {"cell": text})
