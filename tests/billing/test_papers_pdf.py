"""A statement's PDF, opened again by another program."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils.translation import get_language
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from portal.billing.meters import Level, Unsettled
from portal.billing.papers.pdf import pdf
from tests.billing.papers import correction, draft, gateways, messages, recordings, statement

HOSTILE = [
    '#panic("no")',
    '#read("/etc/passwd")',
    "*bold* _slanted_ `code` = title",
    "$x^2$ and \\ and \\u{41}",
    "@nobody <label> // comment /* more",
    '"] + sys.inputs.statement + ["',
]
# What Latin, Greek and Cyrillic letters the fonts have; every sign that means something to typst is among the printable ones.
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


def opened(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def words(content: bytes, page: int | None = None) -> str:
    """All that is written on it, on one line with plain spaces, or on one page of it."""
    pages = opened(content).pages
    text = " ".join(each.extract_text() for each in (pages if page is None else [pages[page]]))
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


def letters(text: str) -> str:
    """Without what a line break puts in or takes away."""
    return re.sub(r"[\s\u200b\u00ad]+", "", text)


def test_it_says_whose_month_it_is_and_what_it_comes_to():
    said = words(pdf(statement(), "en"))
    for part in [
        "Statement 2026-0007",
        "Acme B.V.",
        "October 2026",
        "€ 1,170.42",
        "VAT 21 %",
        "€ 245.79",
        "€ 1,416.21",
    ]:
        assert part in said


def test_each_line_has_its_quantities_its_price_and_its_amount():
    said = words(pdf(statement(), "en"))
    assert "128 at most 131 10 118 € 4.2525 € 501.80" in said
    assert "12,450 0 12,450 € 0.0525 € 653.63" in said
    assert "Corrects statement 2026-0006" in said
    assert "−€ 12.75" in said


def test_it_says_how_the_peak_came_about():
    said = words(pdf(statement([gateways()]), "en"))
    assert "128 was first reached on 25 Oct 2026, 02:30:00 CET, by the vendor's clock." in said
    for part in [
        "K-20261025-0042",
        "bob@acme.example",
        "2 days 3 hours",
        "97 of 128",
        "Peak 128 · 25 Oct 2026, 02:30:00 CET",
    ]:
        assert part in said


def test_the_hour_that_is_lived_twice_has_two_names():
    line = gateways()
    summer = replace(line, reading=replace(line.reading, reached_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC)))
    assert "25 Oct 2026, 02:30:00 CEST" in words(pdf(statement([summer]), "en"))


def test_what_is_not_settled_is_named():
    said = words(pdf(statement([gateways()]), "en"))
    assert "128 is proven; it is at most 131" in said
    assert "K-20261030-0043 +3 30 Oct 2026, 10:00:00 CET Outcome unknown" in said


def test_our_own_clock_is_called_ours():
    line = gateways()
    ours = replace(line, reading=replace(line.reading, by_vendors_clock=False))
    assert "by this portal's clock" in words(pdf(statement([ours]), "en"))


def test_a_month_that_opened_with_its_peak_says_so_and_has_no_chart():
    said = words(pdf(statement([recordings()]), "en"))
    assert "The month opened with 25, and no level was higher." in said
    assert "Peak 25" not in said


def test_prices_that_changed_are_told_with_their_days():
    said = words(pdf(statement([recordings()]), "en"))
    assert "charged by days" in said
    assert "1 Oct 2026 14 25 € 1.00" in said
    assert "15 Oct 2026 17 25 € 1.20" in said


def test_the_digest_stands_on_the_last_page_only():
    document = statement([gateways(position) for position in range(1, 5)])
    content = pdf(document, "en")
    last = len(opened(content).pages) - 1
    assert last > 0
    assert document.digest in words(content, last)
    assert document.previous_digest in words(content, last)
    assert not any(document.digest in words(content, page) for page in range(last))


def test_a_draft_says_so_on_each_page_and_has_neither_number_nor_digest():
    content = pdf(draft([gateways(position) for position in range(1, 5)]), "en")
    for page in range(len(opened(content).pages)):
        assert "DRAFT" in words(content, page)
    said = words(content)
    assert "This month is not closed" in said
    assert "28 Oct 2026, 10:15:03 CET" in said
    assert "SHA-256" not in said
    assert "Statement 2026" not in said


def test_a_closed_one_is_no_draft():
    assert "draft" not in words(pdf(statement(), "en")).lower()


def test_pages_are_numbered():
    content = pdf(statement([gateways(position) for position in range(1, 9)]), "en")
    count = len(opened(content).pages)
    assert count > 2
    for page in range(count):
        assert f"Page {page + 1} of {count}" in words(content, page)


def test_sixty_long_lines_flow_over_pages_under_repeated_headings():
    lines = [replace(messages(position), label=f"Messages number {position} " * 6) for position in range(1, 61)]
    content = pdf(statement(lines), "en")
    said = words(content)
    assert all(f"Messages number {position} " in said for position in range(1, 61))
    assert words(content, 1).count("Price of one") == 1


def test_a_long_table_of_what_is_not_settled_flows_over_pages():
    line, since = gateways(), datetime(2026, 10, 30, tzinfo=UTC)
    orders = [Unsettled(f"Order-{number}", 1, since, "unknown") for number in range(200)]
    said = words(pdf(statement([replace(line, reading=replace(line.reading, unsettled=orders))]), "en"))
    assert all(f"Order-{number} +1" in said for number in range(200))


def test_thousands_of_changes_are_drawn():
    line, start = gateways(), datetime(2026, 9, 30, 22, tzinfo=UTC)
    levels = [Level(start + timedelta(minutes=5 * step), 80 + step % 40, 60) for step in range(8_000)]
    content = pdf(statement([replace(line, reading=replace(line.reading, levels=levels))]), "en")
    assert "Peak 128" in words(content)
    assert len(content) < 300_000


@settings(max_examples=15, deadline=None)
@given(printable)
@example("W" * 254)
@example("x://" + "y" * 250)
def test_a_label_is_printed_as_it_is(label):
    assert letters(label) in letters(words(pdf(statement([gateways(label=label)], tenant=label), "en")))


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_text_wherever_it_stands(text):
    line = gateways(label=text)
    line = replace(line, reading=replace(line.reading, order=text, person=text, unsettled=[]))
    found = letters(words(pdf(statement([line], tenant=text, closed_by=text, reason=text), "en")))
    # Company, closer, reason, table, heading, order and person, and the foot of the page.
    assert found.count(letters(text)) >= 8


def test_dutch_and_czech_names_are_printed():
    said = words(pdf(statement(tenant="Žluťoučký kůň, Hoogheemraadschap IJsselmonde ë ï Ĳ €"), "en"))
    assert "Žluťoučký kůň, Hoogheemraadschap IJsselmonde ë ï Ĳ €" in said


def test_letters_that_no_font_has_do_not_keep_a_statement_back():
    assert "2026-0007" in words(pdf(statement(tenant="漢字 🙂"), "en"))


def test_it_is_for_archives_and_for_screen_readers():
    reader = opened(pdf(statement(), "en"))
    root = reader.trailer["/Root"]
    about = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in about
    assert "<pdfuaid:part>1</pdfuaid:part>" in about
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata.title == "Statement 2026-0007, Acme B.V."


def test_it_is_a4_in_fonts_of_its_own():
    reader = opened(pdf(statement(), "en"))
    page = reader.pages[0]
    assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    kinds = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert all("/FontFile2" in kind or "/FontFile3" in kind for kind in kinds)


def test_the_same_statement_makes_the_same_bytes():
    assert pdf(statement(), "en") == pdf(statement(), "en")
    assert pdf(draft(), "nl") == pdf(draft(), "nl")
    assert pdf(statement(), "en") != pdf(statement(closed_by="Adam"), "en")


def test_it_is_dated_by_its_closing():
    assert opened(pdf(statement(), "en")).metadata.creation_date == datetime(2026, 11, 4, 8, tzinfo=UTC)


def test_another_language_writes_its_own_numbers_and_leaves_ours_alone():
    said = words(pdf(statement(), "nl"))
    assert "€ 1.416,21" in said
    assert "oktober 2026" in said
    assert opened(pdf(statement(), "nl")).trailer["/Root"]["/Lang"] == "nl"
    assert get_language() == "en"


def test_a_month_of_nothing_is_a_statement_too():
    said = words(pdf(statement([]), "en"))
    assert "Nothing was counted in this month." in said
    assert "€ 0.00" in said


def test_a_peak_of_nothing_is_told():
    line = gateways()
    nothing = replace(
        line.reading, value=0, at_most=0, opening=0, reached_at=None, levels=[Level(line.reading.levels[0].at, 0, 0)]
    )
    assert "opened with 0" in words(pdf(statement([replace(line, reading=nothing, amount=Decimal(0))]), "en"))


def test_a_correction_says_what_was_before_and_what_is_now():
    said = words(pdf(statement([correction()]), "en"))
    assert "Counted before 80 Counted now 77 Amount before € 297.50 Added here −€ 12.75" in said
