"""A vendor's invoices for tests: lines told in a few words, files of them, and a product whose January is known."""

import csv
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

from xlsxwriter import Workbook

from portal.billing.contracts import agree, set_cost
from portal.billing.invoices.disputes import dispute
from portal.billing.invoices.evidence import Invoicing, Ledger, Place
from portal.billing.invoices.models import VendorInvoice, VendorInvoiceLine
from portal.billing.invoices.table import Told
from portal.billing.invoices.verbs import enter_invoice
from portal.billing.meters import MeterKind, Reading
from portal.billing.peaks import Period
from portal.billing.staff_forms import months_over
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning import ledger
from provisioning.meters import KEY
from provisioning.models import Order, Product
from tests.billing.samples_months import JANUARY, at
from tests.provisioning.samples import some_connection

ACCOUNT, PRODUCT = "acme/Samples", "KPN-VoiceVideo-C"
BEGAN = at(1, 3)
# The latest that is over.
LAST_MONTH = date.fromisoformat(months_over()[0][0])
HEADING = ["Account", "Product", "Count", "Amount"]


def told(count: int, amount: str, *, account: str = ACCOUNT, product: str = PRODUCT, price: str | None = None) -> Told:
    unit_price = None if price is None else Decimal(price)
    return Told(1, account, product, count, Decimal(amount), unit_price, {})


def entered(person, *lines: Told, number: str = "F-1", month=JANUARY, complete: bool = False) -> VendorInvoice:
    with staff_scope():
        return enter_invoice("kandy", number, month, lines, complete=complete, acting_user=person)


def only_line(invoice: VendorInvoice) -> VendorInvoiceLine:
    with staff_scope():
        return VendorInvoiceLine.objects.select_related("invoice", "company").get(invoice=invoice)


def checked(person, count: int, amount: str, **more) -> VendorInvoiceLine:
    """The line of an invoice that says only this."""
    return only_line(entered(person, told(count, amount, **more)))


def codes(line: VendorInvoiceLine) -> list[str]:
    return [code for code, _facts in line.explanations]


def a_product(tenant, levels, *, cost: str | None = "2.00", began: datetime = BEGAN, name: str = "Samples") -> Product:
    """Stands at the first of `levels` when its ledger begins, then changes by (moment, quantity) orders of the vendor."""
    first, *moves = levels
    with tenant_scope(tenant.pk):
        product = Product.objects.get(connection=some_connection(tenant, name))
        ledger.open_ledger(product, first, read_at=began)
        contract = agree(tenant, KEY, product.pk, starts_on=JANUARY, unit_price=Decimal("2.50"), acting_user=None)
        for number, (moment, quantity) in enumerate(moves, start=1):
            an_order(product, quantity, moment, f"{name[0]}-{number}")
    if cost is not None:
        with staff_scope():
            set_cost(contract, cost_price=Decimal(cost), acting_user=None)
    return product


def an_order(product: Product, quantity: int, moment: datetime, number: str, status: str = "fulfilled") -> Order:
    """By the vendor's clock; counted if it is fulfilled."""
    kind = Order.Type.INCREMENT if quantity > 0 else Order.Type.DECREMENT
    order = Order.objects.create(
        tenant=product.tenant, connection=product.connection, product=product, type=kind, quantity=abs(quantity),
        status=status, number=number, created_at=moment, vendor_created_at=moment,
        fulfilled_at=moment if status == "fulfilled" else None,
    )  # fmt: skip
    if status == "fulfilled":
        ledger.count_order(order)
    return order


def csv_file(*rows, heading=HEADING, delimiter: str = ",") -> bytes:
    written = StringIO()
    csv.writer(written, delimiter=delimiter).writerows([heading, *rows])
    return written.getvalue().encode()


def xlsx_file(*rows, heading=HEADING) -> bytes:
    written = BytesIO()
    book = Workbook(written, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate([heading, *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    return written.getvalue()


class Parts:
    """Parts of messages of one company, summed up by month: a meter of another app, whose vendor is "kandy" here."""

    KEY = "test.parts"

    def __init__(self, tenant) -> None:
        self.sent: list[tuple[datetime, int]] = []
        self.tenant = tenant
        invoicing = Invoicing("kandy", self.find, lambda object_id, period: Ledger(0, (), ()), lambda first: ())
        self.kind = MeterKind(
            self.KEY, "Parts", self.read, lambda *_: [], lambda *_: None, sums=True, invoicing=invoicing
        )

    def read(self, tenant_id: int, period: Period, object_ids=None) -> list[Reading]:
        if tenant_id != self.tenant.pk:
            return []
        value = sum(number for moment, number in self.sent if moment in period)
        return [Reading(object_id=1, label="Parts", value=value, at_most=value)]

    def find(self, wanted):
        return {
            (account, name): [Place(self.tenant.pk, 1 if name == "Parts" else None, "Parts")]
            for account, name in wanted
            if account == "Acme SMS"
        }


def staff_samples(cast) -> None:
    """An invoice to Globex's account with a line of each sort; the first of them is disputed."""
    a_product(cast.globex, [10, (at(1, 10), 5)], name="Invoiced")
    a_product(cast.globex, [8], name="Room", cost=None)
    a_product(cast.globex, [4], name="Forgotten")
    lines = [
        told(17, "35.70", account="globex/Invoiced", price="2.10"),
        told(8, "16.00", account="globex/Room"),
        told(3, "9.00", account="globex/Room", product="KPN-Fax"),
    ]
    placed = [replace(line, position=place) for place, line in enumerate(lines, start=2)]
    invoice = entered(cast.sue, *placed, number="2026-0815", month=LAST_MONTH, complete=True)
    with staff_scope():
        dispute(invoice.lines.get(position=2), acting_user=cast.sue)
