"""Cells of a CSV file: nothing is calculated by a spreadsheet, and everything else comes back as it was."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lists.csv_text import BYTE_ORDER_MARK, DANGEROUS, NUMBER, cell, heading, lines
from portal.lists.registry import Column

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TWO = SimpleNamespace(columns=(Column("a", "A", lambda row: row[0]), Column("b", "=B", lambda row: row[1])))
printable = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"))


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@given(st.lists(st.tuples(printable, printable), max_size=8))
def test_text_comes_back_and_formulas_come_back_harmless(rows):
    found = read(lines(TWO, rows, AMSTERDAM))
    assert len(found) == len(rows)
    for row, cells in zip(rows, found, strict=True):
        for value, written in zip(row, cells, strict=True):
            assert written in (value, f"'{value}")
            assert not written.lstrip(" ").startswith(DANGEROUS) or NUMBER.fullmatch(written)


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "-", "+31 6", '=cmd|" /C calc"!A0']


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe(text):
    assert cell(text, AMSTERDAM) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+31612345678", "-0.5", "1,5", "anna", "a=1", ""])
def test_numbers_and_other_text_stay(text):
    assert cell(text, AMSTERDAM) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (-5, "-5"),
        (1_234_567, "1234567"),
        (Decimal("-1234.5000"), "-1234.5000"),
        (True, "yes"),
        (date(2026, 11, 21), "2026-11-21"),
        (datetime(2026, 7, 1, 10, 0, tzinfo=UTC), "2026-07-01T12:00:00+02:00"),
        (datetime(2026, 12, 1, 10, 0, tzinfo=UTC), "2026-12-01T11:00:00+01:00"),
        # The hour that the clocks repeat: only the offset tells which one.
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25T02:30:00+02:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25T02:30:00+01:00"),
    ],
)
def test_values_are_plain(value, written):
    assert cell(value, AMSTERDAM) == written


def test_the_file_begins_with_its_headings():
    assert heading(TWO) == BYTE_ORDER_MARK + "A,'=B\r\n"
