"""What came to light after a month was closed: lines of the next statement that name the one they correct."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q

from portal.billing.document import Line
from portal.billing.lines import charged_lines, contracts_in, following
from portal.billing.meters import meter_kinds
from portal.billing.models import Contract, Statement, StatementLine
from portal.billing.months import month

# Statements older than this many are left alone.
MONTHS_LOOKED_AT = 24


@dataclass(frozen=True)
class Billed:
    """What one meter was charged for in a month, earlier corrections included."""

    value: int
    amount: Decimal


Meter = tuple[str, int]
OfMonth = dict[Meter, Billed]
NOTHING = Billed(0, Decimal("0.00"))


def corrections_on(tenant_id: int, first: date) -> list[Line]:
    """The corrections that belong on the statement of the month from `first` on: on the next one to be closed, only.

    A meter that is not read any more is no correction: what cannot be read again proves nothing.
    """
    closed = list(
        Statement.objects.filter(tenant_id=tenant_id).order_by("-sequence").defer("canonical")[:MONTHS_LOOKED_AT]
    )
    if not closed or following(closed[0].month) != first:
        return []
    closed.reverse()
    billed = _billed(tenant_id, closed)
    doubtful = _to_look_at(tenant_id, closed, billed)
    return [line for statement in doubtful for line in _corrections(statement, billed.get(statement.pk, {}))]


def _billed(tenant_id: int, statements: list[Statement]) -> dict[int, OfMonth]:
    """By the statement of the month, and by meter. Corrections carry the month they correct, not the one they stand on."""
    found: dict[int, OfMonth] = {}
    about = Q(statement__in=statements, corrects=None) | Q(corrects__in=statements)
    rows = StatementLine.objects.filter(about, tenant_id=tenant_id).order_by("statement__sequence", "position")
    for row in rows.only("statement_id", "corrects_id", "meter", "object_id", "value", "amount"):
        of_month = found.setdefault(row.corrects_id or row.statement_id, {})
        meter = (row.meter, row.object_id)
        so_far = of_month.get(meter, NOTHING).amount
        of_month[meter] = Billed(row.value, so_far + row.amount)
    return found


def _to_look_at(tenant_id: int, statements: list[Statement], billed: dict[int, OfMonth]) -> list[Statement]:
    """Those that values alone do not show to be as they were billed, in the same order: few months are read as a whole."""
    contracts = list(Contract.objects.filter(tenant_id=tenant_id))
    values = _values(tenant_id, statements)
    return [
        statement
        for statement in statements
        if _needs_reading(statement, contracts) or _differs(values.get(statement.pk), billed.get(statement.pk, {}))
    ]


def _needs_reading(statement: Statement, contracts: list[Contract]) -> bool:
    """Does the day of the peak matter as well, or is a meter read by the calendar of another zone?"""
    until = following(statement.month)
    of_month = [each for each in contracts if each.starts_on < until and (each.ends_on or until) > statement.month]
    by_peak = any(each.price_change == Contract.PriceChange.PEAK and each.ends_on for each in of_month)
    return by_peak or any(each.zone != statement.zone for each in of_month)


def _values(tenant_id: int, statements: list[Statement]) -> dict[int, dict[Meter, int]]:
    """By statement what each meter's value of its month is now; nothing at all where a kind cannot tell without reading."""
    found: dict[int, dict[Meter, int]] = {statement.pk: {} for statement in statements}
    for kind in meter_kinds():
        if kind.history is None:
            return {}
        for zone in {statement.zone for statement in statements}:
            of_zone = [statement for statement in statements if statement.zone == zone]
            periods = [month(each.month.year, each.month.month, ZoneInfo(zone)) for each in of_zone]
            for object_id, values in kind.history(tenant_id, periods).items():
                for statement, value in zip(of_zone, values, strict=True):
                    if value is not None:
                        found[statement.pk][kind.key, object_id] = value
    return found


def _differs(values: dict[Meter, int] | None, billed: OfMonth) -> bool:
    return values is None or any(billed.get(meter, NOTHING).value != value for meter, value in values.items())


def _corrections(statement: Statement, billed: OfMonth) -> Iterator[Line]:
    contracts = contracts_in(statement.tenant_id, statement.month)
    for line in charged_lines(statement.tenant_id, statement.month, contracts):
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
