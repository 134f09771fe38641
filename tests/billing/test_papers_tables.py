"""Statements as XLSX, CSV and JSON: what comes out is what went in, and nothing in it calculates."""

import csv as csv_files
import io
import json as json_texts
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import get_language
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from portal.billing.canonical import digest_of, text_of
from portal.billing.meters import Level
from portal.billing.papers import columns
from portal.billing.papers import xlsx as xlsx_file
from portal.billing.papers.csv import csv
from portal.billing.papers.files import CONTENT_TYPES, file_of, filename
from portal.billing.papers.json import json
from portal.billing.papers.xlsx import xlsx
from tests.billing.papers import OPENED, draft, gateways, messages, statement

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FORMULAS = [
    '=HYPERLINK("http://evil.example")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
    " =1+1",
    "{=1+1}",
    "=cmd|' /C calc'!A0",
]
# What cells may hold: no control characters but those that a person can type.
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\t\n"), max_size=80)
amounts = st.decimals(Decimal("-999999999999.99"), Decimal("999999999999.99"), places=2)
prices = st.decimals(Decimal(0), Decimal("99999999.9999"), places=4)
moments = st.datetimes(datetime(2026, 9, 30, 22), datetime(2026, 10, 31, 22, 59), timezones=st.just(UTC))
counts = st.integers(0, 10**12)


@st.composite
def lines(draw):
    reading = replace(
        gateways().reading,
        value=draw(counts),
        reached_at=draw(st.none() | moments),
        highest_use=draw(st.none() | counts),
        person=draw(texts),
        order=draw(texts),
        lasted=timedelta(seconds=draw(st.integers(0, 31 * 86_400))),
        levels=[Level(at, total) for at, total in draw(st.lists(st.tuples(moments, counts), max_size=4))],
    )
    return replace(
        gateways(label=draw(texts)),
        reading=reading,
        amount=draw(amounts),
        unit_price=draw(prices),
        charged=draw(counts),
    )


def sheets(content: bytes) -> dict[str, list[dict]]:
    """By sheet its rows as dictionaries, and of each row nothing of a cell that is empty."""
    book = load_workbook(io.BytesIO(content))
    found = {}
    for sheet in book.worksheets:
        names, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(names, row, strict=True)) for row in rows]
    return found


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv_files.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def local(at: datetime) -> datetime:
    return at.astimezone(AMSTERDAM).replace(tzinfo=None)


# --- XLSX ---------------------------------------------------------------------------------------------------------


def test_a_workbook_has_the_statements_their_lines_and_their_levels():
    found = sheets(xlsx([statement(), draft(tenant="Globex")], "en"))
    assert list(found) == ["Statements", "Lines", "Levels"]
    assert [(row["Statement"], row["Company"]) for row in found["Statements"]] == [
        ("2026-0007", "Acme B.V."),
        ("Draft", "Globex"),
    ]
    assert [row["Line"] for row in found["Lines"]] == [1, 2, 3, 4] * 2
    assert [row["Total"] for row in found["Levels"]] == [80, 120, 128, 99, 25] * 2


def test_amounts_are_numbers_and_days_are_dates():
    closed = statement()
    (of_statement,) = sheets(xlsx([closed], "en"))["Statements"]
    assert [of_statement[name] for name in ("Net", "VAT (%)", "VAT", "Total")] == [1170.42, 21, 245.79, 1416.21]
    assert of_statement["Month"] == datetime(2026, 10, 1)
    assert abs(of_statement["Closed"] - local(closed.closed_at)) < timedelta(milliseconds=1)
    assert of_statement["SHA-256"] == closed.digest


def test_cells_are_shown_as_what_they_are():
    book = load_workbook(io.BytesIO(xlsx([statement()], "en")))
    shown = {cell.value: book["Lines"].cell(2, cell.column).number_format for cell in book["Lines"][1]}
    assert (shown["Amount"], shown["Price of one"], shown["Counted"]) == ("#,##0.00", "#,##0.0000", "#,##0")
    assert (shown["First reached"], shown["Held for"], shown["Month"]) == (
        "yyyy-mm-dd hh:mm:ss",
        "[h]:mm:ss",
        "mmm yyyy",
    )


def test_a_level_tells_its_moment_to_the_microsecond_as_well():
    levels = sheets(xlsx([statement([gateways()])], "en"))["Levels"]
    assert levels[3]["From, in UTC"] == "2026-10-27T04:34:00.000007Z"
    # Both clocks said half past two.
    assert levels[1]["From"] == levels[2]["From"] == datetime(2026, 10, 25, 2, 30)
    assert levels[1]["From, in UTC"] != levels[2]["From, in UTC"]


@settings(max_examples=40, deadline=None)
@given(st.lists(lines(), max_size=4))
def test_a_workbook_gives_back_what_went_in(made):
    document = statement([replace(line, position=position) for position, line in enumerate(made, start=1)])
    found = sheets(xlsx([document], "en"))
    assert len(found["Lines"]) == len(made)
    for line, row in zip(document.lines, found["Lines"], strict=True):
        assert row["What"] == (line.label or None)
        assert row["Order"] == (line.reading.order or None)
        assert row["Counted"] == line.reading.value
        assert Decimal(str(row["Amount"])).quantize(Decimal("0.01")) == line.amount
        assert Decimal(str(row["Price of one"])).quantize(Decimal("0.0001")) == line.unit_price
        assert row["Most in use"] == line.reading.highest_use
        reached = line.reading.reached_at
        assert (row["First reached"] is None) == (reached is None)
        assert reached is None or abs(row["First reached"] - local(reached)) < timedelta(milliseconds=1)
    assert [row["Total"] for row in found["Levels"]] == [level.total for line in made for level in line.reading.levels]


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_in_a_workbook_calculates(text):
    line = gateways(label=text)
    line = replace(line, meter=text, reading=replace(line.reading, order=text, person=text))
    content = xlsx([statement([line], tenant=text, closed_by=text, reason=text)], "en")
    cells = [cell for sheet in load_workbook(io.BytesIO(content)) for row in sheet.iter_rows() for cell in row]
    hostile = [cell for cell in cells if cell.value == text]
    # Company on every sheet (4 levels), closer, reason, meter, label (and at its 4 levels), order, person.
    assert len(hostile) == 16
    assert {cell.data_type for cell in hostile} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


@pytest.mark.parametrize("text", ["=1+1", "+31", "-1", "@a"])
def test_a_formula_stays_text_when_its_cell_is_opened(text):
    book = load_workbook(io.BytesIO(xlsx([statement(tenant=text)], "en")))
    assert book["Statements"]["B2"].quotePrefix
    assert not load_workbook(io.BytesIO(xlsx([statement()], "en")))["Statements"]["B2"].quotePrefix


def test_a_workbook_has_no_formula_at_all():
    content = xlsx([statement(tenant="=1+1")], "en")
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        worksheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/")]
    assert len(worksheets) == 3
    assert not any(re.search(r"<f[ >]", text) for text in worksheets)


def test_a_full_sheet_is_continued_on_another(monkeypatch):
    monkeypatch.setattr(xlsx_file, "MOST_ROWS", 4)
    found = sheets(xlsx([statement()], "en"))
    assert [len(found[name]) for name in ("Lines", "Lines 2", "Levels", "Levels 2")] == [3, 1, 3, 2]
    assert found["Lines 2"][0]["Line"] == 4


def test_text_longer_than_a_cell_is_cut():
    (row,) = sheets(xlsx([statement([], reason="x" * 40_000)], "en"))["Statements"]
    assert row["Reason"] == "x" * 32_767


def test_the_same_statements_make_the_same_workbook():
    assert xlsx([statement()], "en") == xlsx([statement()], "en")


# --- CSV ----------------------------------------------------------------------------------------------------------


def test_a_csv_has_a_row_for_each_line():
    first, *_others, last = rows_of(csv([statement()], "en"))
    assert first["What"] == "WebRTC gateway"
    assert (first["Counted"], first["Price of one"], first["Amount"]) == ("128", "4.2525", "501.80")
    assert (first["Month"], first["First reached"]) == ("2026-10", "2026-10-25T02:30:00+01:00")
    assert first["Held for"] == str(2 * 86_400 + 3 * 3_600 + 4 * 60)
    assert (last["Corrects"], last["Amount"], last["Amount before"]) == ("2026-0006", "-12.75", "297.50")


@settings(max_examples=60, deadline=None)
@given(st.lists(lines(), max_size=4))
def test_a_csv_gives_back_what_went_in(made):
    found = rows_of(csv([statement(made)], "en"))
    assert len(found) == len(made)
    for line, row in zip(made, found, strict=True):
        assert row["What"].removeprefix("'") == line.label.removeprefix("'")
        assert row["Person"].removeprefix("'") == line.reading.person.removeprefix("'")
        assert (Decimal(row["Amount"]), Decimal(row["Price of one"])) == (line.amount, line.unit_price)
        assert row["Counted"] == str(line.reading.value)


@pytest.mark.parametrize("text", [text for text in FORMULAS if text != "{=1+1}"])
def test_nothing_in_a_csv_calculates(text):
    line = gateways(label=text)
    (row,) = rows_of(csv([statement([line], tenant=text)], "en"))
    assert row["What"] == row["Company"] == f"'{text}"


# --- JSON ---------------------------------------------------------------------------------------------------------


def test_json_has_decimals_as_text_and_moments_in_utc():
    found = json_texts.loads(json(statement()))
    assert (found["net"], found["vat_rate"], found["gross"]) == ("1170.42", "21.00", "1416.21")
    assert found["closed_at"] == "2026-11-04T08:00:00.123456Z"
    assert (found["lines"][0]["unit_price"], found["lines"][0]["reading"]["value"]) == ("4.2525", 128)
    assert found["lines"][0]["reading"]["levels"][0] == ["2026-09-30T22:00:00.000000Z", 80, 60]
    assert (found["draft"], json_texts.loads(json(draft()))["draft"]) == (False, True)


def test_keys_of_json_are_in_order():
    def in_order(pairs):
        assert [key for key, _value in pairs] == sorted(key for key, _value in pairs)
        return dict(pairs)

    assert json_texts.loads(json(statement()), object_pairs_hook=in_order)


@settings(max_examples=40, deadline=None)
@given(st.lists(lines(), max_size=3), texts)
def test_the_digest_can_be_made_from_the_json_alone(made, tenant):
    found = json_texts.loads(json(statement(made, tenant=tenant)))
    digest = found.pop("digest")
    found.pop("draft")
    assert digest == digest_of(json_texts.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    assert digest == digest_of(text_of(statement(made, tenant=tenant)))


# --- All of them --------------------------------------------------------------------------------------------------


def test_tables_are_in_the_reader_s_language_and_leave_ours_alone():
    assert "Tijdzone" in csv([statement()], "nl").splitlines()[0]
    assert "Tijdzone" in sheets(xlsx([statement()], "nl"))["Afrekeningen"][0]
    assert get_language() == "en"


@pytest.mark.parametrize("suffix", ["pdf", "xlsx", "csv", "json"])
def test_a_statement_is_a_file_in_each_form(suffix):
    beginning = {"pdf": b"%PDF-", "xlsx": b"PK", "csv": "\ufeff".encode(), "json": b"{"}
    assert file_of(statement(), suffix, "en").startswith(beginning[suffix])
    assert suffix in CONTENT_TYPES


def test_there_is_no_other_form():
    with pytest.raises(KeyError):
        file_of(statement(), "exe", "en")


def test_a_file_is_called_by_its_number_its_company_and_its_month():
    assert filename(statement(), "pdf") == "statement-2026-0007-acme-bv-2026-10.pdf"
    assert filename(draft(tenant="Žluťoučký kůň"), "csv") == "statement-draft-zlutoucky-kun-2026-10.csv"


@pytest.mark.parametrize("tenant", ['a"; x=\r\nSet-Cookie: y', "../../etc/passwd", "漢字", "a" * 300, ""])
def test_a_file_name_needs_no_escaping(tenant):
    assert re.fullmatch(r"statement-2026-0007[a-z0-9-]*-2026-10\.pdf", filename(statement(tenant=tenant), "pdf"))
    assert len(filename(statement(tenant=tenant), "pdf")) < 120


def test_a_level_is_on_the_wall_clock_of_the_contract():
    assert columns.local(OPENED, statement()) == datetime(2026, 10, 1)
    assert columns.local(OPENED, statement(zone="America/New_York")) == datetime(2026, 9, 30, 18)


def test_a_line_that_was_never_reached_has_an_empty_cell():
    (row,) = sheets(xlsx([statement([messages()])], "en"))["Lines"]
    assert (row["First reached"], row["By"], row["Most in use"]) == (None, None, None)
