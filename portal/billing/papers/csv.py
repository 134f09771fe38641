"""The lines of statements as CSV, as the portal's lists are: UTF-8 with its mark, CRLF, nothing that calculates."""

from collections.abc import Iterable, Iterator
from csv import writer
from datetime import date, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import override

from portal.billing.document import Document
from portal.billing.papers.columns import LINES, headings, lines_of
from portal.lists.csv_text import BYTE_ORDER_MARK, cell


def csv(documents: Iterable[Document], language: str) -> str:
    """A row for each line; moments with the offset of the contract's zone, months as 2026-10, lengths in seconds."""
    return heading(language) + "".join(rows(document, language) for document in documents)


def heading(language: str) -> str:
    """The first row, after the byte order mark."""
    with override(language):
        return BYTE_ORDER_MARK + _written([headings(LINES)])


def rows(document: Document, language: str) -> str:
    """Those of one statement."""
    with override(language):
        return _written(_cells(document))


def _cells(document: Document) -> Iterator[list[str]]:
    zone = ZoneInfo(document.zone)
    for row in lines_of(document):
        yield [cell(_plain(column.value(row), column.look), zone) for column in LINES]


def _plain(value: Any, look: str) -> Any:
    if isinstance(value, date) and look == "month":
        return f"{value:%Y-%m}"
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    return value


def _written(table: Iterable[list[str]]) -> str:
    written = StringIO()
    writer(written, lineterminator="\r\n").writerows(table)
    return written.getvalue()
