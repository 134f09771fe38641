"""Files of vendors' invoices: what is read of them, and what is refused, however they were made."""

import contextlib
from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from portal.billing.invoices import numbers, workbook
from portal.billing.invoices.numbers import NotUnderstood
from portal.billing.invoices.refusals import BadLines
from portal.billing.invoices.table import MOST_LINES, told_in
from portal.bulk.files import MOST_BYTES, NotATable
from tests.billing.samples_months import JANUARY
from tests.billing.vendor_invoices import csv_file, xlsx_file

ROW = ["acme-1", "KPN-VoiceVideo-C", "15", "30.00"]
OF_SHEET = "xl/worksheets/sheet1.xml"


def read(raw: bytes) -> list[tuple]:
    return [(line.account, line.product, line.count, line.amount) for line in told_in(raw, JANUARY)]


def refused(raw: bytes) -> str:
    with pytest.raises((NotATable, BadLines)) as refusal:
        told_in(raw, JANUARY)
    return str(refusal.value)


def changed(raw: bytes, name: str, change) -> bytes:
    """An XLSX file with one of its parts made anew."""
    written = BytesIO()
    with ZipFile(BytesIO(raw)) as old, ZipFile(written, "w", ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == name else content)
    return written.getvalue()


# --- What is read -------------------------------------------------------------------------------------------------------

EXPECTED = [("acme-1", "KPN-VoiceVideo-C", 15, Decimal("30.00"))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_of_any_delimiter(delimiter):
    assert read(csv_file(ROW, delimiter=delimiter)) == EXPECTED


def test_a_spreadsheet_with_numbers_and_with_text():
    assert read(xlsx_file(["acme-1", "KPN-VoiceVideo-C", 15, 30.0])) == EXPECTED
    assert read(xlsx_file(ROW)) == EXPECTED


def test_columns_in_another_order_and_in_dutch():
    heading = ["Bedrag (EUR)", "Aantal", "Opmerking", "Productnaam", "Klantnummer", "Stuksprijs"]
    (line,) = told_in(csv_file(["1.234,50", "1.200", "x", "Video", "acme-1", "1,0287"], heading=heading), JANUARY)
    assert (line.account, line.product, line.count) == ("acme-1", "Video", 1200)
    assert (line.amount, line.unit_price) == (Decimal("1234.50"), Decimal("1.0287"))
    assert line.written["Opmerking"] == "x"


def test_lines_are_told_by_their_number_in_the_file():
    raw = csv_file(ROW, [], ["acme-2", *ROW[1:]])
    assert [line.position for line in told_in(raw, JANUARY)] == [2, 4]


def test_an_account_of_digits_stays_one_in_a_spreadsheet():
    assert read(xlsx_file([31612345678, "Video", 15, 30]))[0][0] == "31612345678"


def test_a_spreadsheet_of_another_program_is_read():
    """Without shared strings and without addresses of cells, as generators write it."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b"<row>%s</row><row>%s</row></sheetData></worksheet>"
    )
    cells = [
        b"".join(b'<c t="inlineStr"><is><t>%s</t></is></c>' % cell.encode() for cell in row)
        for row in (["Account", "Product", "Count", "Amount"], ROW)
    ]
    assert read(changed(xlsx_file(ROW), OF_SHEET, lambda old: sheet % tuple(cells))) == EXPECTED


@pytest.mark.parametrize("cell", ["2025-01", "01-2025", "1/2025", "202501", "2025-01-01", "31-01-2025"])
def test_a_month_in_the_file_is_the_invoices(cell):
    heading = ["Account", "Product", "Count", "Amount", "Month"]
    assert read(csv_file([*ROW, cell], heading=heading)) == EXPECTED


def test_a_date_of_a_spreadsheet_is_a_month():
    heading = ["Account", "Product", "Count", "Amount", "Month"]
    assert read(xlsx_file([*ROW, 45673], heading=heading)) == EXPECTED
    assert "about 45700" in refused(xlsx_file([*ROW, 45700], heading=heading))


# --- Numbers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1234,56", "1234.56"),
        ("1234.5", "1234.50"),
        ("€ 1.234.567,89", "1234567.89"),
        ("1 234,56", "1234.56"),
        ("EUR 12", "12.00"),
        ("1.234", "1234.00"),
        ("0,5", "0.50"),
    ],
)
def test_amounts_in_dutch_and_in_english(text, amount):
    assert str(numbers.money(text)) == amount


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=10**8, places=2, allow_nan=False), st.sampled_from([(".", ","), (",", ".")]))
def test_any_amount_is_read_as_it_was_meant(amount, signs):
    thousands, point = signs
    text = f"{amount:,.2f}".replace(",", "#").replace(".", point).replace("#", thousands)
    assert numbers.money(text) == amount


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=10**8, allow_nan=False))
def test_what_a_spreadsheet_keeps_of_cents_is_those_cents(value):
    cents = round(value, 2)
    assert numbers.money(Decimal(repr(cents))) == Decimal(f"{cents:.2f}")


@pytest.mark.parametrize(("text", "price"), [("1,234", "1.2340"), ("0.0450", "0.0450"), ("1.234,5", "1234.5000")])
def test_one_sign_in_a_price_is_the_decimal_one(text, price):
    assert str(numbers.price(text)) == price


@pytest.mark.parametrize(("text", "count"), [("1.234", 1234), ("1,234", 1234), ("15,00", 15), ("15", 15)])
def test_counts(text, count):
    assert numbers.whole(text) == count


BAD_NUMBERS = ["NaN", "Infinity", "-inf", "1e5", "-1", "-1,00", "=1+1", "1,2,3", "1.23.4", "0x10", "", "٣", "--5", "1,"]
BAD_NUMBERS.append("9" * 40)


@pytest.mark.parametrize("text", BAD_NUMBERS)
def test_what_is_no_number_is_refused(text):
    for reader in (numbers.whole, numbers.money, numbers.price):
        with pytest.raises(NotUnderstood):
            reader(text)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e12"])
def test_a_kept_number_is_no_better(value):
    with pytest.raises(NotUnderstood):
        numbers.money(Decimal(value))


@pytest.mark.parametrize(
    ("reader", "text"), [(numbers.whole, "12.5"), (numbers.money, "1.2345"), (numbers.price, "1,23456")]
)
def test_what_is_finer_than_it_can_be_is_refused(reader, text):
    with pytest.raises(NotUnderstood):
        reader(text)


@pytest.mark.parametrize("text", ["2025", "2025-13", "0000-01", "soon", "2025-00"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(NotUnderstood):
        numbers.month(text)


def test_the_largest_months_are_dates():
    assert numbers.month("9999-12") == date(9999, 12, 1)


# --- What is refused ----------------------------------------------------------------------------------------------------


def test_each_bad_line_is_named_with_its_reason_and_nothing_is_kept():
    raw = csv_file(ROW, ["", *ROW[1:]], ["a", "b", "x", "1"], ["a", "b", "1", "-3"], ["a", "b", "1", ""])
    told = refused(raw)
    assert told == (
        "Line 3: The account is missing. Line 4: “x” is not a number. Line 5: -3 is below zero. A credit belongs on its own"
        " note. Line 6: The amount is missing. Nothing was kept. Correct the lines and send the whole file again."
    )


def test_of_very_many_bad_lines_the_first_are_told():
    told = refused(csv_file(*[["a", "b", "x", "1"]] * 100))
    assert "Line 31:" in told
    assert "Line 32:" not in told
    assert "70 more lines are wrong." in told


def test_another_month_and_another_currency_are_named():
    heading = ["Account", "Product", "Count", "Amount", "Maand", "Valuta"]
    assert "about 2025-02, the invoice about 2025-01" in refused(csv_file([*ROW, "2025-02", "EUR"], heading=heading))
    assert "The currency is USD" in refused(csv_file([*ROW, "2025-01", "USD"], heading=heading))


@pytest.mark.parametrize(
    ("heading", "says"),
    [
        (["A", "B", "C", "D"], "no column for: account, product, count, amount"),
        (["Account", "Product", "Count", "Price"], "no column for: amount"),
        (["Account", "Product", "Count", "Quantity"], "Two columns could be the count"),
    ],
)
def test_wrong_columns_are_named(heading, says):
    assert says in refused(csv_file(ROW, heading=heading))


@pytest.mark.parametrize("account", ["=HYPERLINK(0)", "a\u202eb", "a\x07b", "x" * 201])
def test_an_account_is_text_and_stays_bounded(account):
    if account.startswith("="):
        assert read(csv_file([account, *ROW[1:]]))[0][0] == account
    else:
        refused(csv_file([account, *ROW[1:]]))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 10,
        b"Account,Product,Count,Amount\r\nacme\0,Video,1,1\r\n",
        b"Account,Product,Count,Amount\r\n",
        b"PK\x03\x04 and no more",
        b"PK",
        b"\xff\xfe\x00",
        b'Account,Product,Count,Amount\r\n"acme',
    ],
)
def test_what_is_no_table_is_refused(raw):
    refused(raw)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"Account,Product,Count,Amount\n"]))
def test_no_bytes_end_in_an_error_of_ours(raw, begin):
    with contextlib.suppress(NotATable, BadLines):
        told_in(begin + raw, JANUARY)


def test_what_is_too_large_is_refused():
    assert "larger than 5 MB" in refused(csv_file(ROW) + b" " * (10 * 10**6))
    assert "larger than 5 MB" in refused(xlsx_file(ROW) + b"\0" * MOST_BYTES)
    assert f"more than {MOST_LINES} lines" in refused(csv_file(*[ROW] * (MOST_LINES + 1)))


# --- Hostile spreadsheets -------------------------------------------------------------------------------------------------


def test_a_formula_is_refused_by_its_line():
    written = BytesIO()
    book = Workbook(written, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Account", "Product", "Count", "Amount"])
    sheet.write_row(1, 0, ["acme-1", "Video", 15])
    sheet.write_formula(1, 3, "=C2*2", None, 30)
    book.close()
    assert refused(written.getvalue()) == "Line 2 has a formula. Save the file with values only."


def test_a_bomb_is_put_down_before_it_is_unpacked(monkeypatch):
    bomb = changed(
        xlsx_file(ROW), OF_SHEET, lambda old: old.replace(b"<sheetData>", b"<sheetData>" + b" " * 50_000_000)
    )
    assert len(bomb) < 200_000
    taken = []
    pieces = workbook._pieces
    monkeypatch.setattr(
        workbook, "_pieces", lambda *args: (taken.append(len(piece)) or piece for piece in pieces(*args))
    )
    assert "unpacks to more than 8 MB" in refused(bomb)
    assert sum(taken) < 9_000_000


@pytest.mark.parametrize(
    "begin",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ],
)
def test_entities_are_refused(begin):
    with_type = changed(xlsx_file(ROW), OF_SHEET, lambda old: old.replace(b"<worksheet", begin + b"<worksheet", 1))
    assert "cannot be read" in refused(with_type)


def test_xml_in_another_alphabet_hides_nothing():
    sheet = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'.encode("utf-16")
    assert "cannot be read" in refused(changed(xlsx_file(ROW), OF_SHEET, lambda old: sheet))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'r="A2"', b'r="ZZ2"'),
        (b'r="A2"', b'r="2A"'),
        (b"<v>0</v>", b"<v>999999</v>"),
        (b"<v>0</v>", b"<v>-1</v>"),
        (b'<row r="2"', b'<row r="x"'),
        (b"</worksheet>", b""),
    ],
)
def test_a_sheet_that_is_not_what_it_says_is_refused(old, new):
    refused(changed(xlsx_file(ROW), OF_SHEET, lambda content: content.replace(old, new, 1)))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", OF_SHEET])
def test_a_spreadsheet_without_a_part_is_refused(part):
    assert "cannot be read" in refused(changed(xlsx_file(ROW), part, lambda old: b""))


@pytest.mark.parametrize("value", [b"NaN", b"1e999", b"Infinity", b"-3"])
def test_a_number_that_is_none_is_refused(value):
    raw = xlsx_file(["acme-1", "Video", 15, 30])
    told = refused(changed(raw, OF_SHEET, lambda old: old.replace(b"<v>30</v>", b"<v>" + value + b"</v>")))
    assert told.startswith("Line 2:")


@settings(deadline=None)
@given(st.integers(0, 5_000), st.binary(min_size=1, max_size=8))
def test_a_broken_spreadsheet_ends_in_no_error_of_ours(place, noise):
    raw = bytearray(xlsx_file(ROW))
    raw[place : place + len(noise)] = noise
    with contextlib.suppress(NotATable, BadLines):
        told_in(bytes(raw), JANUARY)
