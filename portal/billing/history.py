"""Two years of peaks and costs of a company, as closed where a month is closed, and what the next months may come to.

A month that is over and not closed yet is computed from what was counted, by the contracts that held then. What a correction
put right later counts in the month that it corrects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median_low

from portal.billing.books import Books, books_of, held_in
from portal.billing.charging import charge
from portal.billing.document import Line
from portal.billing.lines import charged_lines, following
from portal.billing.meters import meter_kinds
from portal.billing.models import Contract
from portal.billing.months import BILLING_ZONE
from portal.billing.months import month as month_of_year

MONTHS = 24
AHEAD = 3
# So many changes from one month to the next are looked at; one more month is needed to see them.
CHANGES = 3
CLOSED, COMPUTED, RUNNING, EXPECTED = "closed", "computed", "running", "expected"

Meter = tuple[str, int]


@dataclass(frozen=True)
class Figure:
    """What one meter came to in a month, EUR without VAT. None: not known. The bounds are of the running month only."""

    value: int | None = None
    cost: Decimal | None = None
    at_most: int | None = None
    cost_at_most: Decimal | None = None
    source: str = COMPUTED
    statement_id: int | None = None
    number: str = ""

    @property
    def expected_value(self) -> int | None:
        return self.value if self.at_most is None else self.at_most


@dataclass(frozen=True)
class Course:
    """One meter through the months: `past` ends with the running one, `ahead` follows it.

    `trend` is how much the value is expected to change from month to month; None where too few months are known to tell, so
    that the running month is carried on unchanged.
    """

    meter: Meter
    label: str
    past: list[Figure]
    ahead: list[Figure]
    trend: int | None


@dataclass(frozen=True)
class History:
    """`months` are the first days of those of each course's `past`, `coming` of its `ahead`."""

    months: list[date]
    coming: list[date]
    courses: list[Course]

    @property
    def total(self) -> Course:
        """All meters together: costs only, since unlike things cannot be counted together."""
        past = [_sum(figures) for figures in zip(*(course.past for course in self.courses), strict=True)]
        ahead = [_sum(figures) for figures in zip(*(course.ahead for course in self.courses), strict=True)]
        return Course(("", 0), "", past, ahead, None)

    @property
    def trendless(self) -> int:
        return sum(course.trend is None for course in self.courses)


def history_of(tenant_id: int, running: date) -> History:
    """The MONTHS that end with the one of first day `running`. In a scope that sees the tenant.

    Costs as many queries as reading the running month and the kept ones, whatever their number.
    """
    months = [_later(running, step) for step in range(1 - MONTHS, 1)]
    coming = [_later(running, step) for step in range(1, AHEAD + 1)]
    books = books_of(tenant_id, months[0])
    lines = charged_lines(books, [running])[running]
    known = _Known(
        closed=_closed(books, months[0]),
        counted=_counted(books, months[:-1]),
        running={(line.meter, line.reading.object_id): line for line in lines},
        contracts=_by_meter(books.contracts),
    )
    return History(months, coming, [_course(meter, label, months, coming, known) for meter, label in known.labels()])


@dataclass(frozen=True)
class _Known:
    """By meter: its closed months, what was counted in each month but the running one, its line in that, its contracts."""

    closed: dict[Meter, dict[date, "_Closed"]]
    counted: dict[Meter, Sequence[int | None]]
    running: dict[Meter, Line]
    contracts: dict[Meter, list[Contract]]

    def labels(self) -> list[tuple[Meter, str]]:
        """Of all meters, by name: the present one, else the last it was closed by."""
        names = {meter: months[max(months)].label for meter, months in self.closed.items()}
        names |= {meter: line.label for meter, line in self.running.items()}
        return sorted(names.items(), key=lambda pair: (pair[1], pair[0]))


@dataclass
class _Closed:
    """One meter in a closed month, as it stands after later corrections."""

    label: str
    statement_id: int
    number: str
    value: int
    amount: Decimal

    def figure(self) -> Figure:
        return Figure(self.value, self.amount, source=CLOSED, statement_id=self.statement_id, number=self.number)


def _closed(books: Books, first: date) -> dict[Meter, dict[date, _Closed]]:
    """By meter and month. A correction comes after the line it corrects, on a later statement."""
    statements = {statement.pk: statement for statement in books.closed}
    found: dict[Meter, dict[date, _Closed]] = {}
    for line in books.lines:
        of = statements.get(line.corrects_id or line.statement_id)
        if of is None or of.month < first:
            continue
        months = found.setdefault((line.meter, line.object_id), {})
        so_far = months[of.month].amount if of.month in months else Decimal(0)
        months[of.month] = _Closed(line.label, of.pk, of.number, line.value, so_far + line.amount)
    return found


def _counted(books: Books, months: Sequence[date]) -> dict[Meter, Sequence[int | None]]:
    periods = [month_of_year(first.year, first.month, BILLING_ZONE) for first in months]
    return {
        (kind.key, object_id): values
        for kind in meter_kinds()
        if kind.history
        for object_id, values in books.meters(kind).history(periods).items()
    }


def _by_meter(contracts: Sequence[Contract]) -> dict[Meter, list[Contract]]:
    found: dict[Meter, list[Contract]] = {}
    for contract in contracts:
        found.setdefault((contract.meter, contract.object_id), []).append(contract)
    return found


def _course(meter: Meter, label: str, months: Sequence[date], coming: Sequence[date], known: _Known) -> Course:
    contracts, closed = known.contracts.get(meter, []), known.closed.get(meter, {})
    counted = known.counted.get(meter) or [None] * (len(months) - 1)
    past = [
        closed[first].figure() if first in closed else _figure(value, contracts, first, COMPUTED)
        for first, value in zip(months, counted, strict=False)
    ]
    trend = trend_of([figure.value for figure in past])
    past.append(_running(known.running.get(meter), contracts, months[-1]))
    expected = expected_values(past[-1].expected_value, trend, len(coming))
    ahead = [_figure(value, contracts, first, EXPECTED) for first, value in zip(coming, expected, strict=True)]
    return Course(meter, label, past, ahead, trend)


def _running(line: Line | None, contracts: Sequence[Contract], first: date) -> Figure:
    if line is None:
        return Figure(source=RUNNING)
    at_most = line.reading.at_most
    bound = _cost(at_most, contracts, first) if at_most > line.reading.value else None
    cost = None if line.note_code == "no_price" else line.amount
    return Figure(line.reading.value, cost, at_most, bound if bound is not None else cost, RUNNING)


def _figure(value: int | None, contracts: Sequence[Contract], first: date, source: str) -> Figure:
    return Figure(value, None if value is None else _cost(value, contracts, first), source=source)


def _cost(value: int, contracts: Sequence[Contract], first: date) -> Decimal | None:
    """By the contracts of that month; None where none was in force. A peak is taken as reached on its first day."""
    held = held_in(contracts, first)
    return charge(held, value, first=first, until=following(first), peak_day=first).amount if held else None


def _sum(figures: Sequence[Figure]) -> Figure:
    """Of all meters in one month. One that is not known is left out; where none is known, nor is the sum."""
    costs = [figure.cost for figure in figures if figure.cost is not None]
    bounds = [figure.cost_at_most for figure in figures if figure.cost_at_most is not None]
    closed = {figure.statement_id: figure.number for figure in figures if figure.statement_id}
    statement_id, number = next(iter(closed.items()), (None, ""))
    return Figure(
        cost=sum(costs, Decimal(0)) if costs else None,
        cost_at_most=sum(bounds, Decimal(0)) if bounds else None,
        source=CLOSED if closed else figures[0].source,
        statement_id=statement_id,
        number=number,
    )


# --- What may come --------------------------------------------------------------------------------------------------


def trend_of(values: Sequence[int | None]) -> int | None:
    """The median of the last CHANGES changes between complete months; None where not all of them are known.

    A median is not led astray by one month in which something special was held.
    """
    last = values[-CHANGES - 1 :]
    known = [value for value in last if value is not None]
    if len(known) <= CHANGES:
        return None
    return median_low(later - earlier for earlier, later in pairwise(known))


def expected_values(now: int | None, trend: int | None, months: int) -> list[int | None]:
    """The `months` after the one that stands at `now`, each changed by `trend` (None: not at all), never below zero."""
    if now is None:
        return [None] * months
    return [max(0, now + (trend or 0) * step) for step in range(1, months + 1)]


def _later(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
