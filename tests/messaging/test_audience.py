"""Lists as people give them: what is read, and what is refused whole with a sentence."""

import codecs
import zlib

import pytest

from messaging.campaigns import audience
from messaging.campaigns.audience import _opened, of_file, of_numbers
from messaging.models import MOST_RECIPIENTS
from portal.bulk.files import NotATable

TABLE = "naam;mobiel\nZoë;0612345678\n"


@pytest.mark.parametrize(
    "raw",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
        TABLE.encode("cp1252"),
        TABLE.replace(";", "\t").replace("\n", "\r\n").encode(),
        TABLE.replace(";", ",").replace("\n", "\r").encode(),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16le", "utf-16be", "cp1252", "tab, crlf", "comma, cr"],
)
def test_encodings_delimiters_and_the_column_are_found(raw):
    given = of_file(raw, "people.csv")
    assert (given.told["heading"], given.told["column"], given.told["lines"]) == (["naam", "mobiel"], 1, 1)
    assert [row.values for row in audience._rows(given.content, given.told, ["naam"])] == [{"naam": "Zoë"}]


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ("a;b\nNoor;0612345678\n", 1),
        ("a;b\n0612345678;0687654321\n", None),
        ("a;b\nNoor;Sam\n", None),
        ("mobile;phone\n0612345678;0687654321\n", None),
        ("Mobile number;x\nnone;0612345678\n", 0),
        ("x\n'+31612345678\n", 0),
    ],
)
def test_the_column_is_told_by_its_name_or_by_what_stands_in_it(content, column):
    assert of_file(content.encode(), "a.csv").told["column"] == column


def test_a_file_without_a_heading_loses_no_recipient():
    given = of_file(b"0612345678;Noor\n0687654321;Sam\n", "a.csv")
    assert (given.told["headless"], given.told["column"], given.told["lines"]) == (True, 0, 2)
    assert [(row.line, row.number) for row in audience._rows(given.content, given.told, [])] == [
        (1, "0612345678"),
        (2, "0687654321"),
    ]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"mobile\n", "no rows below"),
        (b"PK\x03\x04 a spreadsheet", "save it as CSV"),
        (b"mobile\n06\x0012345678\n", "in no text"),
        (b"mobile\n\xed\xa0\x80\n", "no letters in any known encoding"),
        (b'mobile\n"0612345678\n', "does not end"),
        (b"mobile\n0612345678;1\n0612345678,1\n", "more cells than the heading"),
        (b"mobile\n" + b"x" * 1_001 + b"\n", "more than 1000 characters"),
        (b'mobile\n"' + b"\n" * 200_000 + b'"\n', "does not end"),
        (",".join(f"c{each}" for each in range(51)).encode() + b"\n", "more than 50 columns"),
        (b"x" * 15_000_001, "larger than 15 MB"),
        (b"mobile\n" + b"1\n" * (MOST_RECIPIENTS + 1), "more than 100000 rows"),
        (b"0612345678\n" * (MOST_RECIPIENTS + 1), "more than 100000 rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_that_cannot_be_used_is_refused_whole(raw, sentence):
    with pytest.raises(NotATable, match=sentence):
        of_file(raw, "a.csv")


@pytest.mark.parametrize(("text", "sentence"), [("", "no number"), (" ;,\n", "no number")])
def test_an_empty_list_is_refused(text, sentence):
    with pytest.raises(NotATable, match=sentence):
        of_numbers(text)


def test_too_many_numbers_are_refused():
    assert of_numbers("1\n" * MOST_RECIPIENTS).told["lines"] == MOST_RECIPIENTS
    with pytest.raises(NotATable, match="more than 100000 numbers"):
        of_numbers("1\n" * (MOST_RECIPIENTS + 1))


@pytest.mark.parametrize("text", ["", "é" * 300_000, "".join(chr(33 + each * 7919 % 6_000) for each in range(200_000))])
def test_a_list_is_kept_as_it_was_given(text):
    assert _opened(zlib.compress(text.encode())).read() == text
