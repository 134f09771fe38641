"""Everything that a dispute about one line stands on, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from portal.billing.invoices.evidence import Ledger
from portal.billing.invoices.exchanges import exchanges, request_ids
from portal.billing.invoices.models import VendorInvoice, VendorInvoiceLine
from portal.billing.invoices.proving import Meter, readings_of
from portal.billing.meters import Reading, meter_kind
from portal.billing.months import BILLING_ZONE
from portal.billing.months import month as month_of_year
from portal.billing.peaks import Period
from portal.vendors.models import Call
from portal.vendors.registry import vendors


@dataclass(frozen=True)
class Case:
    """`reading` and `ledger` are None where nothing is counted here, or was in that month.

    `requests` are the vendor's request ids by operation; `more_calls` is how many exchanges are not among `calls`.
    """

    line: VendorInvoiceLine
    invoice: VendorInvoice
    vendor: str
    period: Period
    sums: bool = False
    reading: Reading | None = None
    ledger: Ledger | None = None
    requests: Mapping[int, Sequence[str]] | None = None
    calls: Sequence[Call] = ()
    more_calls: int = 0

    def requests_of(self, operation_id: int | None) -> str:
        return ", ".join((self.requests or {}).get(operation_id or 0, []))


def case_of(line: VendorInvoiceLine) -> Case:
    """In staff scope."""
    invoice, zone = line.invoice, ZoneInfo(line.zone) if line.zone else BILLING_ZONE
    vendor = next((str(each.label) for each in vendors() if each.key == invoice.vendor), invoice.vendor)
    period = month_of_year(invoice.month.year, invoice.month.month, zone)
    if line.company_id is None or line.object_id is None:
        return Case(line, invoice, vendor, period)
    kind, meter = meter_kind(line.meter), Meter(line.company_id, line.meter, line.object_id)
    ledger = kind.invoicing.ledger(line.object_id, period) if kind.invoicing else Ledger(0, (), ())
    carried_out = [*(order.operation_id for order in ledger.orders), *(entry.operation_id for entry in ledger.entries)]
    operations = {operation_id for operation_id in carried_out if operation_id}
    calls, more = exchanges(operations)
    return Case(
        line,
        invoice,
        vendor,
        period,
        sums=kind.sums,
        reading=readings_of(invoice.month, {meter: zone}).get(meter),
        ledger=ledger,
        requests=request_ids(operations),
        calls=calls,
        more_calls=more,
    )
