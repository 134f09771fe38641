"""The check of an invoice: each line held against what is proven, and what is missing on it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from portal.billing.invoices.explaining import Difference, explain
from portal.billing.invoices.findings import Explanation, Outcome, outcome_of, state_of
from portal.billing.invoices.models import VendorInvoice, VendorInvoiceLine
from portal.billing.invoices.placing import Meant, invoiced_kinds
from portal.billing.invoices.proving import Meter, Proof, proofs
from portal.billing.invoices.table import Told

# What checking writes of a line; the rest is as the vendor wrote it.
FOUND = ["outcome", "proven", "at_most", "cost_price", "expected", "statement", "zone", "explanations", "state"]
ELSEWHERE = "elsewhere"
# Nothing is left to be said of these.
EXPLAINED = [Outcome.MATCHES, Outcome.TWICE, Outcome.UNKNOWN_PRODUCT]


def line_of(invoice: VendorInvoice, told: Told, meant: Meant) -> VendorInvoiceLine:
    """Not checked yet, and not saved."""
    return VendorInvoiceLine(
        invoice=invoice,
        position=told.position,
        written=dict(told.written),
        account=told.account,
        product=told.product,
        count=told.count,
        unit_price=told.unit_price,
        amount=told.amount,
        company_id=meant.tenant_id,
        meter=meant.kind.key if meant.kind else "",
        object_id=meant.object_id,
        label=meant.label[:254],
    )


def missing_lines(invoice: VendorInvoice, lines: Iterable[VendorInvoiceLine]) -> list[VendorInvoiceLine]:
    """One for each meter that was counted and that no invoice of the month charges. Not checked yet, and not saved."""
    charging = VendorInvoiceLine.objects.charging(invoice).values_list("meter", "object_id")
    charged = {*charging, *((line.meter, line.object_id) for line in lines)}
    counted = [
        (kind.key, each)
        for kind, invoicing in invoiced_kinds(invoice.vendor)
        for each in invoicing.counted(invoice.month)
    ]
    last = max((line.position for line in lines), default=0)
    missing = [(key, each) for key, each in counted if (key, each.object_id) not in charged]
    return [
        VendorInvoiceLine(
            invoice=invoice, position=position, on_invoice=False, count=0, amount=Decimal(0), company_id=each.tenant_id,
            meter=key, object_id=each.object_id, label=each.label[:254],
        )
        for position, (key, each) in enumerate(missing, start=last + 1)
    ]  # fmt: skip


def check(invoice: VendorInvoice, lines: Sequence[VendorInvoiceLine]) -> None:
    """Fill in what is found on each of `lines`, without saving them. `invoice` is saved. In staff scope."""
    meters = {id(line): _meter(line) for line in lines}
    known = proofs(invoice.month, [meter for meter in meters.values() if meter])
    others = _charged_by_others(invoice, lines)
    for line in lines:
        meter = meters[id(line)]
        pk, number = others.get((line.meter, line.object_id), (None, ""))
        if meter is None:
            _found(line, Outcome.UNKNOWN_PRODUCT)
        elif not line.on_invoice:
            _check_missing(line, known[meter], number)
        else:
            earlier = number if pk is not None and pk < invoice.pk else ""
            _check_charged(line, known[meter], earlier)
    to_explain = [line for line in lines if line.on_invoice and line.outcome not in EXPLAINED]
    explain(
        [Difference(line, meter, known[meter]) for line in to_explain if (meter := meters[id(line)])], invoice.month
    )


def _meter(line: VendorInvoiceLine) -> Meter | None:
    if line.company_id is None or line.object_id is None:
        return None
    return Meter(line.company_id, line.meter, line.object_id)


Others = dict[tuple[str, int | None], tuple[int, str]]


def _charged_by_others(invoice: VendorInvoice, lines: Sequence[VendorInvoiceLine]) -> Others:
    """By what is counted: (id, number) of the first other invoice that charges it for the month, too."""
    objects = {line.object_id for line in lines if line.object_id is not None}
    rows = VendorInvoiceLine.objects.charging(invoice).filter(object_id__in=objects).exclude(invoice=invoice)
    found: Others = {}
    for meter, object_id, pk, number in rows.order_by("invoice").values_list(
        "meter", "object_id", "invoice", "invoice__number"
    ):
        found.setdefault((meter, object_id), (pk, number))
    return found


def _check_missing(line: VendorInvoiceLine, proof: Proof, other: str) -> None:
    """One that another invoice has charged since is missing no more."""
    if other:
        _found(line, Outcome.MATCHES, proof, [Explanation(ELSEWHERE, {"number": other})])
    else:
        _found(line, Outcome.NOT_INVOICED, proof)


def _check_charged(line: VendorInvoiceLine, proof: Proof, other: str) -> None:
    if other:
        _found(line, Outcome.TWICE, proof, [Explanation("twice", {"number": other})])
    else:
        _found(line, outcome_of(line.count, line.amount, proof), proof)


def _found(
    line: VendorInvoiceLine, outcome: Outcome, proof: Proof | None = None, why: Sequence[Explanation] = ()
) -> None:
    line.outcome, line.state = outcome, state_of(outcome)
    line.explanations = [each.as_json() for each in why]
    line.proven, line.at_most = (proof.value, proof.at_most) if proof else (None, None)
    line.cost_price, line.expected = (proof.terms.cost_price, proof.expected) if proof else (None, None)
    line.statement, line.zone = (proof.statement, proof.terms.zone.key) if proof else ("", "")
