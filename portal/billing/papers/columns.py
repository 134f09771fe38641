"""The tables of statements, as XLSX and CSV have them: what stands in each column, and as what it is read.

Headings are in the active language, values are plain: text, whole numbers, decimals, moments, days.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from portal.billing.canonical import at_text
from portal.billing.document import Document, Line
from portal.billing.meters import Level
from portal.billing.papers.wording import clock, kind, vat_kind

Row = TypeVar("Row")
DocumentLine = tuple[Document, Line]
DocumentLevel = tuple[Document, Line, Level]


@dataclass(frozen=True)
class Column(Generic[Row]):
    """`look` says how a spreadsheet shows it: text, count, money, price, percent, moment, month or length."""

    heading: Any
    value: Callable[[Row], Any]
    look: str = "text"
    width: int = 12


STATEMENTS: Sequence[Column[Document]] = [
    Column(gettext_lazy("Statement"), lambda one: number_or_draft(one)),
    Column(gettext_lazy("Company"), lambda one: one.tenant, width=28),
    Column(gettext_lazy("Month"), lambda one: one.month, "month"),
    Column(gettext_lazy("Time zone"), lambda one: one.zone, width=18),
    Column(gettext_lazy("Lines"), lambda one: len(one.lines), "count", 8),
    Column(gettext_lazy("Currency"), lambda one: one.currency, width=10),
    Column(pgettext_lazy("before VAT", "Net"), lambda one: one.net, "money", 14),
    Column(gettext_lazy("VAT (%)"), lambda one: one.vat_rate, "percent", 9),
    Column(gettext_lazy("VAT"), lambda one: one.vat, "money", 14),
    Column(gettext_lazy("Total"), lambda one: one.gross, "money", 14),
    Column(gettext_lazy("Kind of VAT"), lambda one: vat_kind(one), width=16),
    Column(gettext_lazy("VAT number"), lambda one: one.vat_number, width=18),
    Column(gettext_lazy("Ground of the exemption"), lambda one: one.vat_ground, width=28),
    Column(gettext_lazy("Figures as of"), lambda one: one.drawn_at, "moment", 19),
    Column(gettext_lazy("Closed"), lambda one: one.closed_at, "moment", 19),
    Column(gettext_lazy("Closed by"), lambda one: one.closed_by, width=24),
    Column(gettext_lazy("Reason"), lambda one: one.reason, width=24),
    Column(gettext_lazy("SHA-256"), lambda one: one.digest, width=66),
    Column(gettext_lazy("SHA-256 of the statement before"), lambda one: one.previous_digest, width=66),
]

LINES: Sequence[Column[DocumentLine]] = [
    Column(gettext_lazy("Statement"), lambda row: number_or_draft(row[0])),
    Column(gettext_lazy("Company"), lambda row: row[0].tenant, width=28),
    Column(gettext_lazy("Month"), lambda row: row[0].month, "month"),
    Column(gettext_lazy("Line"), lambda row: row[1].position, "count", 7),
    Column(gettext_lazy("Kind"), lambda row: kind(row[1]), width=28),
    Column(gettext_lazy("Meter"), lambda row: row[1].meter, width=18),
    Column(gettext_lazy("What"), lambda row: row[1].label, width=36),
    Column(gettext_lazy("Counted"), lambda row: row[1].reading.value, "count"),
    Column(gettext_lazy("At most"), lambda row: row[1].reading.at_most, "count"),
    Column(gettext_lazy("Free"), lambda row: row[1].free_units, "count"),
    Column(gettext_lazy("Charged"), lambda row: row[1].charged, "count"),
    Column(gettext_lazy("Price of one"), lambda row: row[1].unit_price, "price", 13),
    Column(gettext_lazy("Amount"), lambda row: row[1].amount, "money", 14),
    Column(gettext_lazy("Currency"), lambda row: row[0].currency, width=10),
    Column(gettext_lazy("At the beginning"), lambda row: row[1].reading.opening, "count", 17),
    Column(gettext_lazy("At the end"), lambda row: row[1].reading.closing, "count"),
    Column(gettext_lazy("First reached"), lambda row: row[1].reading.reached_at, "moment", 19),
    Column(gettext_lazy("Time zone"), lambda row: row[0].zone, width=18),
    Column(gettext_lazy("By"), lambda row: clock(row[1]), width=20),
    Column(gettext_lazy("Order"), lambda row: row[1].reading.order, width=20),
    Column(gettext_lazy("Person"), lambda row: row[1].reading.person, width=26),
    Column(gettext_lazy("Held for"), lambda row: row[1].reading.lasted, "length", 13),
    Column(gettext_lazy("Days at the peak"), lambda row: row[1].reading.days, "count", 17),
    Column(gettext_lazy("Most in use"), lambda row: row[1].reading.highest_use, "count"),
    Column(gettext_lazy("Note"), lambda row: row[1].note, width=40),
    Column(gettext_lazy("Corrects"), lambda row: row[1].corrects),
    Column(gettext_lazy("Counted before"), lambda row: row[1].old_value, "count", 16),
    Column(gettext_lazy("Amount before"), lambda row: row[1].old_amount, "money", 16),
]

LEVELS: Sequence[Column[DocumentLevel]] = [
    Column(gettext_lazy("Statement"), lambda row: number_or_draft(row[0])),
    Column(gettext_lazy("Company"), lambda row: row[0].tenant, width=28),
    Column(gettext_lazy("Month"), lambda row: row[0].month, "month"),
    Column(gettext_lazy("Line"), lambda row: row[1].position, "count", 7),
    Column(gettext_lazy("What"), lambda row: row[1].label, width=36),
    Column(gettext_lazy("From"), lambda row: row[2].at, "moment", 19),
    Column(gettext_lazy("Time zone"), lambda row: row[0].zone, width=18),
    # A spreadsheet keeps milliseconds and no zone; this is the moment itself.
    Column(gettext_lazy("From, in UTC"), lambda row: at_text(row[2].at), width=29),
    Column(gettext_lazy("Total"), lambda row: row[2].total, "count"),
    Column(gettext_lazy("In use"), lambda row: row[2].in_use, "count"),
]


def number_or_draft(document: Document) -> str:
    return document.number or _("Draft")


def lines_of(document: Document) -> Iterator[DocumentLine]:
    return ((document, line) for line in document.lines)


def levels_of(document: Document) -> Iterator[DocumentLevel]:
    return ((document, line, level) for line in document.lines for level in line.reading.levels)


def headings(columns: Sequence[Column[Any]]) -> list[str]:
    return [str(column.heading) for column in columns]


def local(at: datetime, document: Document) -> datetime:
    """On the wall clock of the contract's zone, without the zone: spreadsheets know none."""
    return at.astimezone(ZoneInfo(document.zone)).replace(tzinfo=None)
