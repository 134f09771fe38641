"""The lines of a month: what each meter showed, charged by the contracts in force in it."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.billing.charging import charge
from portal.billing.document import Line
from portal.billing.meters import MeterKind, Reading, Span, meter_kinds
from portal.billing.models import Contract, StatementLine
from portal.billing.months import BILLING_ZONE
from portal.billing.months import month as month_of_year

if TYPE_CHECKING:
    from portal.billing.books import Books

# What is agreed of the meters of one kind, by what is counted; of all kinds by their keys.
Contracts = dict[int, list[Contract]]
Agreed = dict[str, Contracts]


def following(first: date) -> date:
    """The first day of the month after the one that begins on `first`."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def before(first: date) -> date:
    """The first day of the month before the one that begins on `first`."""
    return date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)


def zone_of(contracts: Agreed) -> ZoneInfo:
    """The one that all agree on, else the vendor's."""
    zones = zones_of(contracts)
    return ZoneInfo(zones.pop()) if len(zones) == 1 else BILLING_ZONE


def zones_of(contracts: Agreed) -> set[str]:
    """Names of the zones by which a month is charged; the vendor's where nothing was agreed."""
    every = chain.from_iterable(by_object.values() for by_object in contracts.values())
    return {of_object[0].zone for of_object in every} or {BILLING_ZONE.key}


def charged_lines(books: "Books", months: Sequence[date]) -> dict[date, list[Line]]:
    """By the first day of each of `months`, which are read together: one line for each meter, in the order of kinds and names.

    One without a contract has its line, too. Each meter is read by the month of its own contract's zone. `position` is 0.
    """
    agreed = {first: books.contracts_in(first) for first in months}
    lines: dict[date, list[Line]] = {first: [] for first in months}
    for kind in meter_kinds():
        for first, readings in _readings(books, kind, agreed).items():
            contracts = agreed[first].get(kind.key, {})
            ordered = sorted(readings, key=lambda each: (each.label, each.object_id))
            lines[first] += [_line(kind, each, contracts.get(each.object_id, []), first) for each in ordered]
    return lines


def _readings(books: "Books", kind: MeterKind, agreed: dict[date, Agreed]) -> dict[date, list[Reading]]:
    asked = [(first, *each) for first, contracts in agreed.items() for each in _spans(kind, contracts, first)]
    found: dict[date, list[Reading]] = {first: [] for first in agreed}
    answers = books.meters(kind).read([span for _first, span, _apart in asked])
    for (first, _span, apart), readings in zip(asked, answers, strict=True):
        found[first] += [reading for reading in readings if reading.object_id not in apart]
    return found


def _spans(kind: MeterKind, agreed: Agreed, first: date) -> Iterator[tuple[Span, set[int]]]:
    """Each with the meters that are left out of it: those whose contract is of a zone of its own."""
    common = zone_of(agreed)
    elsewhere: dict[str, list[int]] = {}
    for object_id, contracts in agreed.get(kind.key, {}).items():
        if contracts[0].zone != common.key:
            elsewhere.setdefault(contracts[0].zone, []).append(object_id)
    yield (month_of_year(first.year, first.month, common), None), set(chain.from_iterable(elsewhere.values()))
    for zone, object_ids in elsewhere.items():
        yield (month_of_year(first.year, first.month, ZoneInfo(zone)), object_ids), set()


def _line(kind: MeterKind, reading: Reading, contracts: Sequence[Contract], first: date) -> Line:
    zone = contracts[0].time_zone if contracts else BILLING_ZONE
    peak_day = reading.reached_at.astimezone(zone).date() if reading.reached_at else first
    cost = charge(contracts, reading.value, first=first, until=following(first), peak_day=peak_day)
    return Line(
        position=0,
        kind=StatementLine.Kind.SUM.value if kind.sums else StatementLine.Kind.PEAK.value,
        meter=kind.key,
        label=reading.label,
        reading=reading,
        free_units=cost.free_units,
        charged=cost.charged,
        unit_price=cost.unit_price,
        amount=cost.amount,
        note_code=cost.note_code,
        prices=cost.prices,
    )
