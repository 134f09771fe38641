"""What may be behind a difference, as far as it can be proven: another way of counting comes to exactly what is charged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings

from portal.billing.invoices.evidence import Ledger, OrderTold
from portal.billing.invoices.findings import Explanation, Outcome
from portal.billing.invoices.models import VendorInvoiceLine
from portal.billing.invoices.proving import CENT, Meter, Proof, readings_of
from portal.billing.lines import before
from portal.billing.meters import Reading, meter_kind
from portal.billing.months import month as month_of_year
from portal.billing.peaks import Change, Period, peak

# Of one check, which somebody waits for.
MOST_LOOKED_INTO = 200
COUNT_DIFFERS = (Outcome.COUNT, Outcome.BOTH, Outcome.UNDECIDED, Outcome.NO_LEDGER)


@dataclass(frozen=True)
class Difference:
    """A line that is not what is proven."""

    line: VendorInvoiceLine
    meter: Meter
    proof: Proof


@dataclass(frozen=True)
class Readings:
    """What the meters read now: of the month by the agreed calendar and by UTC, and of the month before."""

    agreed: Mapping[Meter, Reading]
    by_utc: Mapping[Meter, Reading]
    earlier: Mapping[Meter, Reading]


def explain(differences: Sequence[Difference], first: date) -> None:
    """Give each line its explanations; none where nothing can be proven. In staff scope.

    Meters are read by company; the ledger is asked for once a line, and for MOST_LOOKED_INTO of them.
    """
    counting = [each for each in differences if each.line.outcome in COUNT_DIFFERS]
    passed_over = {each.meter for each in counting[MOST_LOOKED_INTO:]}
    counting = counting[:MOST_LOOKED_INTO]
    zones = {each.meter: each.proof.terms.zone for each in counting}
    readings = Readings(
        readings_of(first, zones), readings_of(first, dict.fromkeys(zones, UTC)), readings_of(before(first), zones)
    )
    for each in differences:
        of_count: Iterable[Explanation] = _of_count(each, readings, first) if each.line.outcome in COUNT_DIFFERS else ()
        if each.meter in passed_over:
            of_count = [Explanation("not_looked_into", {"most": MOST_LOOKED_INTO})]
        each.line.explanations = [one.as_json() for one in (*of_count, *_of_amount(each.line, each.proof))]


# --- The amount -------------------------------------------------------------------------------------------------------


def _of_amount(line: VendorInvoiceLine, proof: Proof) -> Iterator[Explanation]:
    """Not looked at where it matches, or follows from a wrong count."""
    cost, price = proof.terms.cost_price, line.unit_price
    if cost is None:
        yield Explanation("cost_unknown", {})
    elif line.outcome in (Outcome.AMOUNT, Outcome.BOTH):
        yield from _of_wrong_amount(line, proof, cost)
    if price is not None and _cents(line.count * price) != line.amount:
        facts = {"count": line.count, "price": price, "comes_to": _cents(line.count * price), "amount": line.amount}
        yield Explanation("arithmetic", facts)


def _of_wrong_amount(line: VendorInvoiceLine, proof: Proof, cost: Decimal) -> Iterator[Explanation]:
    if line.unit_price is not None and line.unit_price != cost:
        yield Explanation("unit_price", {"price": line.unit_price, "cost": cost})
    for other in proof.terms.other_costs:
        if _cents(line.count * other) == line.amount:
            yield Explanation("other_cost", {"price": other})
    rate, expected = Decimal(settings.BILLING_VAT_PERCENT), proof.amount_of(line.count)
    if rate and expected and _cents(expected * (100 + rate) / 100) == line.amount:
        yield Explanation("with_vat", {"rate": rate.normalize(), "net": expected})


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


# --- The count --------------------------------------------------------------------------------------------------------


def _of_count(difference: Difference, readings: Readings, first: date) -> Iterator[Explanation]:
    line, meter, proof = difference.line, difference.meter, difference.proof
    yield from _of_other_months(line, meter, proof, readings, first)
    now = readings.agreed.get(meter)
    if now is not None:
        yield from _of_reading(line, proof, now)
        if not meter_kind(meter.key).sums:
            yield from _of_ledger(line, meter, proof, first)


def _of_other_months(
    line: VendorInvoiceLine, meter: Meter, proof: Proof, readings: Readings, first: date
) -> Iterator[Explanation]:
    """The same month by UTC, and the month before by the agreed calendar."""
    by_utc, earlier = readings.by_utc.get(meter), readings.earlier.get(meter)
    if by_utc and by_utc.value == line.count:
        yield Explanation("utc_month", {"count": line.count, "zone": proof.terms.zone.key})
    if earlier and earlier.value == line.count:
        yield Explanation("previous_month", {"count": line.count, "month": f"{before(first):%Y-%m}"})


def _of_reading(line: VendorInvoiceLine, proof: Proof, now: Reading) -> Iterator[Explanation]:
    if proof.statement and now.value != proof.value:
        yield Explanation("since_closed", {"number": proof.statement, "now": now.value})
    if line.outcome == Outcome.UNDECIDED:
        orders = ", ".join(each.text for each in now.unsettled)
        yield Explanation("unsettled", {"orders": orders, "least": now.value, "most": now.at_most})
    if meter_kind(line.meter).sums:
        return
    if line.count == now.closing:
        yield Explanation("at_the_end", {"count": line.count})
    elif line.count == now.opening:
        yield Explanation("at_the_beginning", {"count": line.count})


def _of_ledger(line: VendorInvoiceLine, meter: Meter, proof: Proof, first: date) -> Iterator[Explanation]:
    invoicing = meter_kind(meter.key).invoicing
    if invoicing is None:
        return
    period = month_of_year(first.year, first.month, proof.terms.zone)
    ledger = invoicing.ledger(meter.object_id, period)
    ordered = sum(entry.quantity for entry in ledger.entries if entry.order and entry.quantity > 0)
    added = ledger.opening + sum(entry.quantity for entry in ledger.entries if entry.quantity > 0)
    if ordered and line.count == ordered:
        yield Explanation("sum_of_orders", {"count": line.count})
    elif line.count == added:
        yield Explanation("never_reduced", {"count": line.count})
    yield from _of_orders_without_effect(line.count, ledger, period)


def _of_orders_without_effect(count: int, ledger: Ledger, period: Period) -> Iterator[Explanation]:
    """Each by itself; all of them together where none alone explains it."""
    without = [order for order in ledger.orders if not order.counted and order.quantity > 0]
    alone = [order for order in without if _peak_with([order], ledger, period) == count]
    for order in alone:
        yield Explanation("order_without_effect", {"count": count, "order": _named(order), "state": order.state})
    if not alone and len(without) > 1 and _peak_with(without, ledger, period) == count:
        named = ", ".join(_named(order) for order in without)
        yield Explanation("orders_without_effect", {"count": count, "orders": named})


def _named(order: OrderTold) -> str:
    """By its number, else by when it was asked for."""
    return order.number or f"{order.asked_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _peak_with(orders: Sequence[OrderTold], ledger: Ledger, period: Period) -> int:
    known: list[Change[None]] = [Change(entry.at, entry.quantity) for entry in ledger.entries]
    added: list[Change[None]] = [Change(order.taken_at or order.asked_at, order.quantity) for order in orders]
    return peak([*known, *added], period, opening=ledger.opening).value
