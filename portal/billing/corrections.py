"""What came to light after a month was closed: lines of the next statement that name the one they correct."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.billing.books import Books, held_in
from portal.billing.document import Line
from portal.billing.lines import following
from portal.billing.meters import meter_kinds
from portal.billing.models import Contract, Statement, StatementLine
from portal.billing.months import month


@dataclass(frozen=True)
class Billed:
    """What one meter was charged for in a month, earlier corrections included."""

    value: int
    amount: Decimal


Meter = tuple[str, int]
OfMonth = dict[Meter, Billed]
NOTHING = Billed(0, Decimal("0.00"))


def doubtful_months(books: Books, first: date) -> list[date]:
    """Closed months that the statement of the month from `first` on may have to correct: the next one to be closed, only.

    Those that values alone do not show to be as they were billed, the earliest first: few months are read as a whole.
    """
    if books.last is None or following(books.last.month) != first:
        return []
    billed, values = _billed(books), _values(books)
    return [
        statement.month
        for statement in books.closed
        if _needs_reading(statement, books.contracts)
        or _differs(values.get(statement.pk), billed.get(statement.pk, {}))
    ]


def corrections(books: Books, read: dict[date, list[Line]]) -> list[Line]:
    """What has to be corrected in the closed months that were `read`, as they come to now.

    A meter that is not read any more is no correction: what cannot be read again proves nothing.
    """
    billed = _billed(books)
    return [
        line
        for statement in books.closed
        for line in _corrections(statement, read.get(statement.month, []), billed.get(statement.pk, {}))
    ]


def _billed(books: Books) -> dict[int, OfMonth]:
    """By the statement of the month, and by meter. Corrections carry the month they correct, not the one they stand on."""
    found: dict[int, OfMonth] = {}
    for line in books.lines:
        of_month = found.setdefault(line.corrects_id or line.statement_id, {})
        meter = (line.meter, line.object_id)
        so_far = of_month.get(meter, NOTHING).amount
        of_month[meter] = Billed(line.value, so_far + line.amount)
    return found


def _needs_reading(statement: Statement, contracts: Sequence[Contract]) -> bool:
    """Does the day of the peak matter as well, or is a meter read by the calendar of another zone?"""
    of_month = held_in(contracts, statement.month)
    by_peak = any(each.price_change == Contract.PriceChange.PEAK and each.ends_on for each in of_month)
    return by_peak or any(each.zone != statement.zone for each in of_month)


def _values(books: Books) -> dict[int, dict[Meter, int]]:
    """By statement what each meter's value of its month is now; nothing at all where a kind cannot tell without reading."""
    found: dict[int, dict[Meter, int]] = {statement.pk: {} for statement in books.closed}
    for kind in meter_kinds():
        if kind.history is None:
            return {}
        for zone in {statement.zone for statement in books.closed}:
            of_zone = [statement for statement in books.closed if statement.zone == zone]
            periods = [month(each.month.year, each.month.month, ZoneInfo(zone)) for each in of_zone]
            for object_id, values in books.meters(kind).history(periods).items():
                for statement, value in zip(of_zone, values, strict=True):
                    if value is not None:
                        found[statement.pk][kind.key, object_id] = value
    return found


def _differs(values: dict[Meter, int] | None, billed: OfMonth) -> bool:
    return values is None or any(billed.get(meter, NOTHING).value != value for meter, value in values.items())


def _corrections(statement: Statement, lines: Sequence[Line], billed: OfMonth) -> Iterator[Line]:
    for line in lines:
        was = billed.get((line.meter, line.reading.object_id), NOTHING)
        if (line.reading.value, line.amount) != (was.value, was.amount):
            yield replace(
                line,
                kind=StatementLine.Kind.CORRECTION.value,
                amount=line.amount - was.amount,
                note_code="corrected",
                corrects=statement.number,
                old_value=was.value,
                old_amount=was.amount,
            )
