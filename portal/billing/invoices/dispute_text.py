"""The text of a dispute, for the vendor's people: in English and UTC, whatever the reader's language and zone.

It holds what the vendor has seen anyway (its own invoice, its own exchanges with secrets removed) and what our ledger shows,
and nothing about people.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import override

from portal.billing.invoices.case import Case
from portal.billing.invoices.evidence import Ledger, OrderTold
from portal.billing.invoices.exchanges import told, utc
from portal.billing.invoices.models import VendorInvoiceLine
from portal.billing.invoices.wording import sentences
from portal.ui import VERSION
from portal.ui.statuses import look_of

RULE = "-" * 78
# The CSV beside it has all of them.
MOST_CHANGES = 1_000
Outcome = VendorInvoiceLine.Outcome


def dispute_text(case: Case) -> str:
    with override("en"):
        lines = [*_head(case), *_charged(case), *_shown(case), *_asked(case)]
        if case.ledger is not None:
            lines += [*_ledger(case, case.ledger), *_orders(case, case.ledger), *_answers(case)]
        lines += [RULE, f"Secrets are shown as ***. Made by Patchbay {VERSION}."]
    return "\n".join(lines) + "\n"


def _head(case: Case) -> Iterator[str]:
    line = case.line
    yield f"DISPUTE: invoice {case.invoice.number}, line {line.position}"
    yield ""
    yield from _pairs(
        [
            ("Vendor", case.vendor),
            ("Invoice", case.invoice.number),
            ("Line", line.position),
            ("Month", f"{case.invoice.month:%Y-%m}, by the calendar of {case.period.zone}"),
            ("In UTC", f"from {utc(case.period.start)} until just before {utc(case.period.end)}"),
            ("Account", line.account),
            ("Product", line.product),
            ("Customer", line.company.name if line.company else "-"),
            ("Known here as", line.label or "-"),
            ("This file made", utc(timezone.now().replace(microsecond=0))),
        ]
    )
    yield ""


def _pairs(pairs: Iterable[tuple[str, object]]) -> Iterator[str]:
    for name, value in pairs:
        yield f"{name + ':':<22}{' '.join(str(value).split())}"


def _charged(case: Case) -> Iterator[str]:
    line, currency = case.line, case.invoice.currency
    yield "WHAT YOU CHARGED"
    yield from _pairs(
        [
            ("Count", line.count),
            ("Price of one", "not told" if line.unit_price is None else f"{currency} {line.unit_price}"),
            ("Amount", f"{currency} {line.amount}"),
        ]
    )
    if line.written:
        yield "Your line, as it was written:"
        yield from (f"| {' '.join(name.split())}: {value}" for name, value in line.written.items())
    yield ""


# --- What the ledger shows --------------------------------------------------------------------------------------------


def _shown(case: Case) -> Iterator[str]:
    yield "WHAT OUR LEDGER SHOWS"
    yield from _pairs(_figures(case))
    if case.ledger is not None and case.reading is not None and not case.sums:
        yield from _arithmetic(case, case.ledger)
    for sentence in sentences(case.line.explanations):
        yield f"Found: {sentence}"
    yield ""


def _figures(case: Case) -> Iterator[tuple[str, object]]:
    line, reading = case.line, case.reading
    if line.proven is None:
        yield "Counted", "nothing: " + _why_nothing(case)
        return
    yield ("Sum of the month" if case.sums else "Peak of the month"), _range(line)
    if line.statement:
        yield "Closed as", f"statement {line.statement}"
    if reading is not None and not case.sums:
        reached = "the month opened with it" if reading.reached_at is None else utc(reading.reached_at)
        clock = "" if reading.reached_at is None else f" by {'your' if reading.by_vendors_clock else 'our'} clock"
        order = f", order {reading.order}" if reading.order else ""
        yield "First reached", f"{reached}{clock}{order}"
        yield "At the beginning", reading.opening
        yield "At the end", reading.closing
    if line.expected is not None:
        yield "Amount", f"{line.proven} x EUR {line.cost_price} = EUR {line.expected}"


def _why_nothing(case: Case) -> str:
    if case.line.outcome == Outcome.UNKNOWN_PRODUCT:
        return "the account has no such product, as far as we know"
    return "the product was not in the ledger in that month"


def _range(line: VendorInvoiceLine) -> str:
    if line.at_most is None or line.proven is None or line.at_most <= line.proven:
        return str(line.proven)
    return f"{line.proven} proven, at most {line.at_most} while outcomes are unknown"


def _arithmetic(case: Case, ledger: Ledger) -> Iterator[str]:
    """From the opening level to the first that is the highest."""
    levels = [ledger.opening, *(entry.level for entry in ledger.entries)]
    highest = levels.index(max(levels))
    if highest == 0:
        yield f"No change of the month led above the level it opened with, {ledger.opening}."
        return
    until = ledger.entries[:highest]
    up = sum(entry.quantity for entry in until if entry.quantity > 0)
    down = sum(entry.quantity for entry in until if entry.quantity < 0)
    yield f"{ledger.opening} at the beginning + {up} added - {-down} removed = {levels[highest]} at {utc(until[-1].at)}"


# --- What is asked ----------------------------------------------------------------------------------------------------


def _asked(case: Case) -> Iterator[str]:
    yield "WHAT WE ASK YOU"
    line = case.line
    if line.outcome == Outcome.TWICE:
        yield "You charge the same product and month on another invoice, too. Please credit one of them."
    elif line.proven is None:
        yield "Please tell us on which orders this line stands: their numbers, times and quantities. If there are none,"
        yield f"please credit EUR {line.amount}."
    elif line.outcome == Outcome.UNDECIDED:
        yield "Orders of ours have no outcome yet. Please tell us what became of each of those marked below."
    else:
        yield from _correction(line)
    yield "If you see it otherwise, please send us your own list of changes of the month, with times and order numbers."
    yield ""


def _correction(line: VendorInvoiceLine) -> Iterator[str]:
    if line.count_difference:
        yield f"Please correct the count from {line.count} to {line.proven}."
    difference = line.amount_difference
    if difference is None:
        yield "Please correct the amount accordingly."
    elif difference > 0:
        yield f"Please credit EUR {difference}: EUR {line.amount} was charged, EUR {line.expected} is owed."
    elif difference < Decimal(0):
        yield f"You charged EUR {-difference} too little: EUR {line.expected} is owed. Please correct the invoice."


# --- The evidence -----------------------------------------------------------------------------------------------------


def _ledger(case: Case, ledger: Ledger) -> Iterator[str]:
    yield "THE LEDGER OF THE MONTH, IN THE ORDER OF EFFECT"
    yield f"{'time':<32}{'clock':<8}{'change':>8}{'level':>9}  order; your request IDs"
    yield f"{utc(case.period.start):<32}{'':<8}{'':>8}{ledger.opening:>9}  the level the month opened with"
    for entry in ledger.entries[:MOST_CHANGES]:
        clock = "yours" if entry.by_vendors_clock else "ours"
        origin = entry.order or entry.cause
        requests = case.requests_of(entry.operation_id)
        yield f"{utc(entry.at):<32}{clock:<8}{entry.quantity:>+8}{entry.level:>9}  {origin}{requests and '; ' + requests}"
    if len(ledger.entries) > MOST_CHANGES:
        yield f"({len(ledger.entries) - MOST_CHANGES} more changes are in the file of the ledger.)"
    yield ""


def _orders(case: Case, ledger: Ledger) -> Iterator[str]:
    yield "THE ORDERS OF THE MONTH"
    for order in ledger.orders[:MOST_CHANGES]:
        yield from _order(case, order)
    if not ledger.orders:
        yield "None."
    if len(ledger.orders) > MOST_CHANGES:
        yield f"({len(ledger.orders) - MOST_CHANGES} more orders are left out here.)"
    yield ""


def _order(case: Case, order: OrderTold) -> Iterator[str]:
    counted = "in the ledger" if order.counted else "NOT in the ledger"
    yield f"{order.number or '(no number)'}  {order.quantity:+d}  {look_of(order.state).label}, {counted}"
    times = (
        f"asked {utc(order.asked_at)}; taken by you {utc(order.taken_at)}; fulfilled by you {utc(order.fulfilled_at)}"
    )
    yield f"    {times}"
    if requests := case.requests_of(order.operation_id):
        yield f"    your request IDs: {requests}"


def _answers(case: Case) -> Iterator[str]:
    yield "WHAT WE SENT AND WHAT YOU ANSWERED"
    yield from told(case.calls)
    if not case.calls:
        yield "No exchange is kept: the orders were placed elsewhere, or the log of calls has let them go."
    if case.more_calls:
        yield f"({case.more_calls} more exchanges are left out here.)"
    yield ""
