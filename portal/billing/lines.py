"""The lines of a month: what each meter showed, charged by the contracts in force in it."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain
from zoneinfo import ZoneInfo

from portal.billing.charging import charge
from portal.billing.document import Line
from portal.billing.meters import MeterKind, Reading, meter_kinds
from portal.billing.models import Contract, StatementLine
from portal.billing.months import BILLING_ZONE
from portal.billing.months import month as month_of_year

Contracts = dict[int, list[Contract]]


def following(first: date) -> date:
    """The first day of the month after the one that begins on `first`."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def before(first: date) -> date:
    """The first day of the month before the one that begins on `first`."""
    return date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)


def contracts_in(tenant_id: int, first: date) -> dict[str, Contracts]:
    """By kind of meter and what is counted: those in force on any day of the month, the earliest first."""
    found: dict[str, Contracts] = {}
    for contract in Contract.objects.filter(tenant_id=tenant_id).between(first, following(first)):
        found.setdefault(contract.meter, {}).setdefault(contract.object_id, []).append(contract)
    return found


def zone_of(contracts: dict[str, Contracts]) -> ZoneInfo:
    """The one that all agree on, else the vendor's."""
    zones = zones_of(contracts)
    return ZoneInfo(zones.pop()) if len(zones) == 1 else BILLING_ZONE


def zones_of(contracts: dict[str, Contracts]) -> set[str]:
    """Names of the zones by which a month is charged; the vendor's where nothing was agreed."""
    every = chain.from_iterable(by_object.values() for by_object in contracts.values())
    return {of_object[0].zone for of_object in every} or {BILLING_ZONE.key}


def charged_lines(tenant_id: int, first: date, contracts: dict[str, Contracts]) -> list[Line]:
    """One for each meter of the tenant, in the order of kinds and names; one without a contract has its line, too.

    Each meter is read by the month of its own contract's zone. `position` is 0 in all of them.
    """
    common, lines = zone_of(contracts), []
    for kind in meter_kinds():
        agreed = contracts.get(kind.key, {})
        readings = sorted(
            _readings(kind, tenant_id, first, agreed, common), key=lambda each: (each.label, each.object_id)
        )
        lines += [_line(kind, reading, agreed.get(reading.object_id, []), first) for reading in readings]
    return lines


def _readings(kind: MeterKind, tenant_id: int, first: date, agreed: Contracts, common: ZoneInfo) -> Iterator[Reading]:
    elsewhere: dict[str, list[int]] = {}
    for object_id, contracts in agreed.items():
        if contracts[0].zone != common.key:
            elsewhere.setdefault(contracts[0].zone, []).append(object_id)
    apart = set(chain.from_iterable(elsewhere.values()))
    everything = kind.read(tenant_id, month_of_year(first.year, first.month, common), None)
    yield from (reading for reading in everything if reading.object_id not in apart)
    for zone, object_ids in elsewhere.items():
        yield from kind.read(tenant_id, month_of_year(first.year, first.month, ZoneInfo(zone)), object_ids)


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
