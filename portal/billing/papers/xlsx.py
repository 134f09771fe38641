"""Statements as one workbook: the statements, their lines, and every level that a peak was found among.

Text is written as text and never as a formula, a link or a number; amounts are numbers, moments are dates on the wall clock of
the contract's zone. A workbook takes one pass over its statements and does not hold them.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any, Generic

from django.utils.translation import gettext as _
from django.utils.translation import override
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from portal.billing.document import Document
from portal.billing.papers.columns import (
    LEVELS,
    LINES,
    STATEMENTS,
    Column,
    Row,
    headings,
    levels_of,
    lines_of,
    local,
)
from portal.lists.csv_text import DANGEROUS

# What the format can hold; what is more goes on another sheet, or is cut.
MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
LOOKS = {
    "text": "@",
    "count": "#,##0",
    "money": "#,##0.00",
    "price": "#,##0.0000",
    "percent": "0.00",
    "moment": "yyyy-mm-dd hh:mm:ss",
    "month": "mmm yyyy",
    "length": "[h]:mm:ss",
}
# A workbook says when it was made; the same statements make the same file.
MADE = datetime(2000, 1, 1)
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def xlsx(documents: Iterable[Document], language: str) -> bytes:
    """The workbook. Its headings are in `language`."""
    written = BytesIO()
    with TemporaryDirectory() as place:
        book = StatementBook(written, language, place)
        for document in documents:
            book.add(document)
        book.close()
    return written.getvalue()


class StatementBook:
    """The workbook while it is written, a statement at a time, into a file `target` that is open for writing bytes.

    Until it is closed its rows are kept in files in the folder `place`, which the caller removes.
    """

    def __init__(self, target: Any, language: str, place: str) -> None:
        self._language = language
        self._book = Workbook(target, {**OPTIONS, "tmpdir": place})
        self._book.set_properties({"created": MADE})
        looks = _Looks(self._book)
        with override(language):
            self._statements = Table(self._book, looks, _("Statements"), STATEMENTS)
            self._lines = Table(self._book, looks, _("Lines"), LINES)
            self._levels = Table(self._book, looks, _("Levels"), LEVELS)

    def add(self, document: Document) -> None:
        with override(self._language):
            self._statements.add(document, document)
            for line in lines_of(document):
                self._lines.add(line, document)
            for level in levels_of(document):
                self._levels.add(level, document)

    def close(self) -> None:
        """Write what `target` has not got yet, which is everything."""
        self._book.close()


class _Looks:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        self.heading = book.add_format({"bold": True, "bottom": 1, "font_color": "#1d2b4f", "bg_color": "#eef1f8"})
        self.of = {look: book.add_format({"num_format": shown, "valign": "top"}) for look, shown in LOOKS.items()}
        # Text stays text even when somebody opens the cell and presses Enter.
        self.quoted = book.add_format({"num_format": "@", "valign": "top", "quote_prefix": True})

    def for_text(self, text: str) -> Format:
        return self.quoted if text.lstrip().startswith(DANGEROUS) else self.of["text"]


class Table(Generic[Row]):
    """One sheet of a workbook, and the ones after it when it is full."""

    def __init__(self, book: Workbook, looks: _Looks, name: str, columns: Sequence[Column[Row]]) -> None:
        self._book, self._looks, self._name, self._columns = book, looks, name, columns
        self._sheets = 0
        self._open_sheet()

    def add(self, row: Row, document: Document) -> None:
        if self._used == MOST_ROWS:
            self._open_sheet()
        for place, column in enumerate(self._columns):
            self._write(place, column.value(row), column.look, document)
        self._used += 1

    def _open_sheet(self) -> None:
        self._sheets += 1
        name = self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        self._sheet: Worksheet = self._book.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        for place, (column, heading) in enumerate(zip(self._columns, headings(self._columns), strict=True)):
            self._sheet.set_column(place, place, max(column.width, len(heading) + 2))
            self._sheet.write_string(0, place, heading, self._looks.heading)
        self._used = 1

    def _write(self, place: int, value: Any, look: str, document: Document) -> None:
        if value is None or value == "":
            return
        if look == "text":
            text = str(value)[:LONGEST_TEXT]
            self._sheet.write_string(self._used, place, text, self._looks.for_text(text))
        else:
            self._writer(look)(self._used, place, _plain(value, document), self._looks.of[look])

    def _writer(self, look: str) -> Callable[..., Any]:
        return self._sheet.write_datetime if look in {"moment", "month", "length"} else self._sheet.write_number


def _plain(value: Any, document: Document) -> Any:
    if isinstance(value, datetime):
        return local(value, document)
    return value if isinstance(value, date | timedelta | int) else float(value)
