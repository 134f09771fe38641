"""Reading a table that somebody made in a spreadsheet: any of the usual encodings and delimiters, with a heading row."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.bulk.models import MOST_ROWS

MOST_BYTES = 5_000_000
MOST_COLUMNS = 50
LONGEST_CELL = 1_000
DELIMITERS = ",;\t"
# A spreadsheet takes a cell that begins with one of these for a formula; our files put ' before it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"


class NotATable(Exception):
    """The file cannot be read as a table; `str()` is a sentence for the person. Nothing was kept of it."""


@dataclass(frozen=True)
class Bounds:
    """What a file may have at most; `cell` in characters."""

    bytes: int = MOST_BYTES
    rows: int = MOST_ROWS
    columns: int = MOST_COLUMNS
    cell: int = LONGEST_CELL


@dataclass(frozen=True)
class Table:
    """A heading, and rows with the line (from 1, the heading included) at which each begins."""

    heading: list[str]
    rows: list[tuple[int, list[str]]]
    delimiter: str


def read_table(raw: bytes) -> Table:
    """The table in `raw`. Empty rows are left out, guards of formulas taken off. Raises NotATable."""
    text = read_text(raw, Bounds())
    delimiter = guess_delimiter(text)
    records = read_records(io.StringIO(text, newline=""), delimiter)
    _line, heading = next(records, (0, []))
    rows = list(bounded(records, check_heading(heading, Bounds()), Bounds()))
    if not rows:
        raise NotATable(_("The file has a heading and no rows below it."))
    return Table([cell.strip() for cell in heading], rows, delimiter)


def read_text(raw: bytes, bounds: Bounds) -> str:
    """What is written in a file that is neither too large nor empty. Raises NotATable."""
    if len(raw) > bounds.bytes:
        raise NotATable(
            _("The file is larger than %(most)s MB. Divide it into several.") % {"most": bounds.bytes // 10**6}
        )
    text = decode(raw)
    if not text.strip():
        raise NotATable(_("The file is empty."))
    return text


def check_heading(heading: Sequence[str], bounds: Bounds) -> int:
    """The number of columns. Raises NotATable where there is none, or too many."""
    if not heading:
        raise NotATable(_("The file is empty."))
    if len(heading) > bounds.columns:
        raise NotATable(_("The file has more than %(most)s columns.") % {"most": bounds.columns})
    return len(heading)


def decode(raw: bytes) -> str:
    """UTF-8; UTF-16 where a mark says so; else what Windows writes (cp1252). Raises NotATable."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(raw, "utf-16")
    if raw.startswith(b"PK\x03\x04"):
        raise NotATable(_("This is a spreadsheet's own file. Open it there and save it as CSV."))
    if b"\0" in raw:
        raise NotATable(_("The file holds bytes that are in no text. Save it as CSV, in UTF-8."))
    return _decoded(raw, "utf-8-sig" if _is_utf8(raw) else "cp1252")


def _is_utf8(raw: bytes) -> bool:
    """Also where it holds half a character pair, which no other encoding would explain: that is refused, not guessed at."""
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotATable(
            _("The file holds bytes that are no letters in any known encoding. Save it in UTF-8.")
        ) from error
    if "\0" in text:
        raise NotATable(_("The file holds bytes that are in no text. Save it as CSV, in UTF-8."))
    return text


def guess_delimiter(text: str) -> str:
    """The one that the heading has most of, outside of quotes. `text` is not empty."""
    first = text.lstrip().partition("\n")[0].partition("\r")[0]
    counted = Counter(character for part in first.split('"')[::2] for character in part if character in DELIMITERS)
    return max(DELIMITERS, key=lambda delimiter: counted[delimiter])


def read_records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every row that has something in it; `lines` have their ends. Raises NotATable for wrong quotes."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, [unguarded(cell) for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise NotATable(
            _("From line %(line)s on the file cannot be read as CSV: a quotation mark or a cell does not end.")
            % {"line": begins}
        ) from error


def bounded(records: Iterable[tuple[int, list[str]]], width: int, bounds: Bounds) -> Iterator[tuple[int, list[str]]]:
    """`records` with `width` cells each, short ones filled up. Raises NotATable at what is beyond `bounds`."""
    for number, (line, cells) in enumerate(records):
        if number == bounds.rows:
            raise NotATable(_("The file has more than %(most)s rows. Divide it into several.") % {"most": bounds.rows})
        if any(cells[width:]):
            raise NotATable(
                _(
                    "Line %(line)s has more cells than the heading. Put cells that hold the delimiter in quotation marks."
                )
                % {"line": line}
            )
        if any(len(cell) > bounds.cell for cell in cells):
            raise NotATable(
                _("Line %(line)s has a cell of more than %(most)s characters.") % {"line": line, "most": bounds.cell}
            )
        yield line, [*cells[:width], *[""] * (width - len(cells))]


# --- Formulas -----------------------------------------------------------------------------------------------------


def guarded(cell: str) -> str:
    """`cell` so that no spreadsheet takes it for a formula."""
    return GUARD + cell if cell.startswith(FORMULA) else cell


def unguarded(cell: str) -> str:
    """`cell` as it was before `guarded`."""
    return cell[1:] if cell.startswith(GUARD) and cell[1:].startswith(FORMULA) else cell


def write_table(rows: Iterator[Sequence[str]], delimiter: str = ",") -> str:
    """CSV for spreadsheets: guarded, and with the mark by which they know UTF-8."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    csv.writer(out, delimiter=delimiter).writerows([guarded(str(cell)) for cell in row] for row in rows)
    return out.getvalue()
