"""Files as people send them: what is read, and what is refused whole with a sentence."""

import codecs

import pytest

from portal.bulk.files import MOST_BYTES, MOST_COLUMNS, NotATable, guarded, read_table, unguarded
from portal.bulk.models import MOST_ROWS


@pytest.mark.parametrize(
    "raw",
    [
        "name;town\nzoë;Köln\n".encode(),
        "name;town\nzoë;Köln\n".encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + "name;town\nzoë;Köln\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "name;town\nzoë;Köln\n".encode("utf-16-be"),
        "name;town\nzoë;Köln\n".encode("cp1252"),
        "name,town\r\nzoë,Köln\r\n".encode(),
        "name\ttown\rzoë\tKöln\r".encode(),
        '"name";"town"\n"zoë";"Köln"'.encode(),
        '"name, or nick";"town"\n"zoë";"Köln"'.encode(),
    ],
    ids=[
        "utf-8",
        "utf-8 with mark",
        "utf-16le",
        "utf-16be",
        "cp1252",
        "comma, crlf",
        "tab, cr",
        "quoted",
        "comma inside",
    ],
)
def test_encodings_and_delimiters_are_recognised(raw):
    assert read_table(raw).rows == [(2, ["zoë", "Köln"])]


def test_lines_are_those_that_an_editor_shows():
    table = read_table(b'name,note\nnoor,"two\nlines"\n\nsam,\n,\nanna,x\n')
    assert table.rows == [(2, ["noor", "two\nlines"]), (5, ["sam", ""]), (7, ["anna", "x"])]


def test_a_short_row_is_filled_up():
    assert read_table(b"name,ends\nnoor\n").rows == [(2, ["noor", ""])]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "is empty"),
        (b" \n\r\n", "is empty"),
        (b";\n", "is empty"),
        (b"name\n", "no rows below"),
        (b"name\n\n\n", "no rows below"),
        (b"PK\x03\x04 a spreadsheet", "save it as CSV"),
        (b"name\nno\0or\n", "in no text"),
        ("name\nnoor\n".encode("utf-16-le"), "in no text"),
        (b"name\n\xed\xa0\x80\n", "no letters in any known encoding"),
        (codecs.BOM_UTF16_LE + b"n\0\n\0\x00\xd8\n\0", "no letters in any known encoding"),
        (b"name\n\x81\x8d\n", "no letters in any known encoding"),
        (b'name\n"noor\nsam\n', "From line 2 on"),
        (b"name\nnoor,de vries\n", "Line 2 has more cells"),
        (b"name\n" + b"x" * 1_001, "Line 2 has a cell of more than 1000"),
        (b"x," * MOST_COLUMNS + b"x\n" + b"y\n", "more than 50 columns"),
        (b"name\n" + b"x\n" * (MOST_ROWS + 1), "more than 10000 rows"),
        (b"x" * (MOST_BYTES + 1), "larger than 5 MB"),
        (b'name\n"' + b"x" * 200_000 + b'"\n', "From line 2 on"),
    ],
    ids=range(18),
)
def test_what_is_no_table_is_refused_with_a_sentence(raw, sentence):
    with pytest.raises(NotATable) as refusal:
        read_table(raw)
    assert sentence in str(refusal.value)


def test_ten_thousand_rows_are_taken():
    assert len(read_table(b"name\n" + b"x\n" * MOST_ROWS).rows) == MOST_ROWS


@pytest.mark.parametrize("cell", ["=1+1", "+31", "-x", "@me", "\tx", "plain", "'quoted", "", "''=x"])
def test_a_guard_comes_off_as_it_went_on(cell):
    assert unguarded(guarded(cell)) == cell


def test_a_guarded_cell_of_a_file_is_what_it_was():
    assert read_table(b"name\n'=noor\n'+sam\n'anna\n").rows == [(2, ["=noor"]), (3, ["+sam"]), (4, ["'anna"])]
