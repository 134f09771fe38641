"""What is proven about a month: by the closed statement where there is one, else by the meter as it reads now."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q

from portal.billing.lines import following
from portal.billing.meters import Reading, meter_kind
from portal.billing.models import Contract, StatementLine
from portal.billing.months import BILLING_ZONE
from portal.billing.months import month as month_of_year

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Meter:
    """One thing that is counted, whoever's it is."""

    tenant_id: int
    key: str
    object_id: int


@dataclass(frozen=True)
class Terms:
    """What one costs at the vendor in a month (EUR; None: not kept), and the zone of its calendar.

    `cost_price` is that of the contract which the month began with; `other_costs` are those of later ones.
    """

    zone: ZoneInfo
    cost_price: Decimal | None = None
    other_costs: Sequence[Decimal] = ()


@dataclass(frozen=True)
class Proof:
    """What a meter came to. `value` None: nothing is known of that month. `statement` is its number where it is closed."""

    terms: Terms
    value: int | None
    at_most: int | None = None
    statement: str = ""

    @property
    def expected(self) -> Decimal | None:
        """EUR, to the cent."""
        return None if self.value is None else self.amount_of(self.value)

    def amount_of(self, count: int) -> Decimal | None:
        """At the cost price; None where none is kept."""
        cost = self.terms.cost_price
        return None if cost is None else (count * cost).quantize(CENT, ROUND_HALF_UP)


def proofs(first: date, meters: Iterable[Meter]) -> dict[Meter, Proof]:
    """Of the month that begins on `first`, in staff scope. What is closed is read by one query, the rest by company."""
    wanted = list(dict.fromkeys(meters))
    terms = terms_in(first, wanted)
    found = {meter: _of_statement(terms[meter], line) for meter, line in _closed(first, wanted)}
    rest = [meter for meter in wanted if meter not in found]
    readings = readings_of(first, {meter: terms[meter].zone for meter in rest})
    for meter in rest:
        reading = readings.get(meter)
        found[meter] = Proof(terms[meter], *((reading.value, reading.at_most) if reading else (None, None)))
    return found


def terms_in(first: date, meters: Sequence[Meter]) -> dict[Meter, Terms]:
    contracts: dict[Meter, list[Contract]] = defaultdict(list)
    rows = Contract.objects.filter(_any_of(meters)).between(first, following(first)).select_related("cost")
    for row in rows:
        contracts[Meter(row.tenant_id, row.meter, row.object_id)].append(row)
    return {meter: _terms(contracts.get(meter, [])) for meter in meters}


def _terms(contracts: Sequence[Contract]) -> Terms:
    if not contracts:
        return Terms(BILLING_ZONE)
    costs = [contract.cost.cost_price for contract in contracts if hasattr(contract, "cost")]
    known = hasattr(contracts[0], "cost")
    cost_price = contracts[0].cost.cost_price if known else None
    others = [cost for cost in costs[int(known) :] if cost != cost_price]
    return Terms(contracts[0].time_zone, cost_price, tuple(others))


def _any_of(meters: Sequence[Meter]) -> Q:
    """Wider than asked for where companies share a number; never narrower."""
    return Q(
        tenant__in={meter.tenant_id for meter in meters},
        meter__in={meter.key for meter in meters},
        object_id__in={meter.object_id for meter in meters},
    )


def _closed(first: date, meters: Sequence[Meter]) -> Iterator[tuple[Meter, StatementLine]]:
    """By the latest statement that tells of them: its own, or one that corrects it."""
    about = Q(statement__month=first, corrects=None) | Q(corrects__month=first)
    rows = StatementLine.objects.filter(_any_of(meters), about).select_related("statement")
    rows = rows.defer("levels", "moments", "unsettled", "statement__canonical").order_by("statement__sequence")
    latest = {Meter(row.tenant_id, row.meter, row.object_id): row for row in rows}
    wanted = set(meters)
    yield from ((meter, row) for meter, row in latest.items() if meter in wanted)


def _of_statement(terms: Terms, line: StatementLine) -> Proof:
    return Proof(terms, line.value, line.at_most, line.statement.number)


def readings_of(first: date, zones: Mapping[Meter, tzinfo]) -> dict[Meter, Reading]:
    """As the meters read now, each by the month of its zone; those that were not counted yet are left out."""
    groups: dict[tuple[int, str, tzinfo], list[int]] = defaultdict(list)
    for meter, zone in zones.items():
        groups[meter.tenant_id, meter.key, zone].append(meter.object_id)
    found = {}
    for (tenant_id, key, zone), object_ids in groups.items():
        period = month_of_year(first.year, first.month, zone)
        for reading in meter_kind(key).read(tenant_id, period, object_ids):
            found[Meter(tenant_id, key, reading.object_id)] = reading
    return found
