"""The lines of an invoice from a file of the vendor: columns by name, in any order; faults are told by line and reason."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.billing.invoices import numbers
from portal.billing.invoices.numbers import Cell, NotUnderstood
from portal.billing.invoices.refusals import BadLine, BadLines
from portal.billing.invoices.workbook import read_workbook
from portal.bulk.files import NotATable, read_table
from portal.ui.forms import clean_text

MOST_LINES = 1_000
LONGEST_NAME = 200
# In lower case, letters and digits only.
COLUMNS: Mapping[str, set[str]] = {
    "account": {"account", "accountid", "clientid", "client", "customer", "customerid", "klant", "klantnummer"},
    "product": {"product", "productname", "productnaam", "article", "artikel", "service", "dienst"},
    "count": {"count", "quantity", "peak", "number", "aantal", "piek", "hoeveelheid"},
    "unit_price": {"unitprice", "price", "priceofone", "prijs", "stuksprijs", "eenheidsprijs", "tarief"},
    "amount": {"amount", "amounteur", "total", "net", "netto", "bedrag", "bedrageur", "totaal", "subtotaal"},
    "month": {"month", "period", "maand", "periode"},
    "currency": {"currency", "valuta", "munteenheid"},
}
REQUIRED = {
    "account": gettext_lazy("account"),
    "product": gettext_lazy("product"),
    "count": gettext_lazy("count"),
    "amount": gettext_lazy("amount"),
}


@dataclass(frozen=True)
class Told:
    """What the vendor charges on one line. `written` is the line as it stood there, by its headings."""

    position: int
    account: str
    product: str
    count: int
    amount: Decimal
    unit_price: Decimal | None
    written: Mapping[str, str]


def told_in(raw: bytes, month: date) -> list[Told]:
    """The lines of a CSV or XLSX file about the month that begins on `month`. Raises NotATable, or BadLines with all faults."""
    heading, rows = _table(raw)
    columns = _columns(heading)
    if len(rows) > MOST_LINES:
        raise NotATable(_("The file has more than %(most)s lines. Divide it into several.") % {"most": MOST_LINES})
    found: list[Told] = []
    bad: list[BadLine] = []
    for number, cells in rows:
        try:
            found.append(_told(number, heading, cells, columns, month))
        except (NotUnderstood, ValidationError) as error:
            bad.append(BadLine(number, _sentence(error)))
    if bad:
        raise BadLines(bad)
    return found


def _table(raw: bytes) -> tuple[list[str], list[tuple[int, list[Cell]]]]:
    if raw.startswith(b"PK"):
        rows = list(read_workbook(raw))
        if len(rows) < 2:
            raise NotATable(_("The first sheet has no heading with lines below it."))
        return [numbers.shown(cell).strip() for cell in rows[0][1]], rows[1:]
    table = read_table(raw)
    return table.heading, [(line, list[Cell](cells)) for line, cells in table.rows]


def _columns(heading: Iterable[str]) -> dict[str, int]:
    """{name: its place}. Raises NotATable where one is missing, or two would do."""
    found: dict[str, int] = {}
    for place, text in enumerate(heading):
        name = next((name for name, spellings in COLUMNS.items() if _plain(text) in spellings), None)
        if name in found:
            raise NotATable(
                _("Two columns could be the %(name)s. Leave one of them out.") % {"name": REQUIRED.get(name, name)}
            )
        if name:
            found[name] = place
    missing = [str(label) for name, label in REQUIRED.items() if name not in found]
    if missing:
        raise NotATable(
            _("The file has no column for: %(names)s. The first line has to name the columns.")
            % {"names": ", ".join(missing)}
        )
    return found


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isascii() and character.isalnum())


def _told(number: int, heading: list[str], cells: list[Cell], columns: Mapping[str, int], month: date) -> Told:
    def cell(name: str) -> Cell:
        place = columns.get(name, len(cells))
        return cells[place] if place < len(cells) else ""

    _check_month(cell("month"), month)
    _check_currency(cell("currency"))
    return Told(
        position=number,
        account=_name(cell("account"), REQUIRED["account"]),
        product=_name(cell("product"), REQUIRED["product"]),
        count=_read(numbers.whole, cell("count"), REQUIRED["count"]),
        amount=_read(numbers.money, cell("amount"), REQUIRED["amount"]),
        unit_price=numbers.price(cell("unit_price")) if _filled(cell("unit_price")) else None,
        written=dict(_written(heading, cells)),
    )


def _read(reader: Callable[[Cell], Any], cell: Cell, label: Any) -> Any:
    if not _filled(cell):
        raise NotUnderstood(_("The %(name)s is missing.") % {"name": label})
    return reader(cell)


def _name(cell: Cell, label: Any) -> str:
    if not _filled(cell):
        raise NotUnderstood(_("The %(name)s is missing.") % {"name": label})
    # Spreadsheets make numbers of accounts that are digits only.
    text = clean_text(format(cell.normalize(), "f") if isinstance(cell, Decimal) else cell)
    if len(text) > LONGEST_NAME:
        raise NotUnderstood(
            _("The %(name)s is longer than %(most)s characters.") % {"name": label, "most": LONGEST_NAME}
        )
    return text


def _filled(cell: Cell) -> bool:
    return isinstance(cell, Decimal) or bool(cell.strip())


def _check_month(cell: Cell, month: date) -> None:
    if _filled(cell) and numbers.month(cell) != month:
        raise NotUnderstood(
            _("This line is about %(cell)s, the invoice about %(month)s.")
            % {"cell": numbers.shown(cell), "month": f"{month:%Y-%m}"}
        )


def _check_currency(cell: Cell) -> None:
    if _filled(cell) and str(cell).strip().upper() not in ("EUR", "€"):
        raise NotUnderstood(_("The currency is %(cell)s. Invoices are checked in EUR.") % {"cell": numbers.shown(cell)})


def _written(heading: list[str], cells: list[Cell]) -> Iterator[tuple[str, str]]:
    for place, cell in enumerate(cells):
        if _filled(cell):
            name = clean_text(heading[place] if place < len(heading) else "")[:60] or str(place + 1)
            yield name, clean_text(format(cell, "f") if isinstance(cell, Decimal) else cell)[:LONGEST_NAME]


def _sentence(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
