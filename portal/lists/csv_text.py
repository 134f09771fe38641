"""Rows of a list as CSV: UTF-8, CRLF, times in the tenant's zone, and nothing in it that a spreadsheet would calculate.

The byte order mark at the beginning is how spreadsheets know that it is UTF-8.
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from portal.lists.registry import ListSpec

BYTE_ORDER_MARK = "\ufeff"
CONTENT_TYPE = "text/csv; charset=utf-8"
# What makes a spreadsheet calculate a cell; the wide forms are the same letters to some.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?", re.ASCII)


def heading(spec: ListSpec) -> str:
    """The first row, after the byte order mark."""
    return BYTE_ORDER_MARK + _lines([[_guarded(str(column.label)) for column in spec.columns]])


def lines(spec: ListSpec, rows: Iterable[Any], zone: tzinfo) -> str:
    return _lines([cell(column.value(row), zone) for column in spec.columns] for row in rows)


def table(labels: Iterable[str], rows: Iterable[Iterable[Any]], zone: tzinfo) -> str:
    """A whole file of what is no list."""
    head = [_guarded(label) for label in labels]
    return BYTE_ORDER_MARK + _lines([head, *([cell(value, zone) for value in row] for row in rows)])


def cell(value: Any, zone: tzinfo) -> str:
    """`value` as one cell: nothing for None, moments as ISO 8601 with the offset of `zone`, numbers without grouping."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    return _guarded(str(value))


def _guarded(text: str) -> str:
    """Text that would be a formula gets an apostrophe before it; a number stays one."""
    if text.lstrip(" ").startswith(DANGEROUS) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _lines(rows: Iterable[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
