"""A closed month of a company, and documents made by hand, so that tests can say what stands in them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise

from django.utils import timezone

from portal.billing.closing import close, next_to_close
from portal.billing.contracts import agree
from portal.billing.document import Document, Line
from portal.billing.lines import before
from portal.billing.mailing.models import BillingContact, StatementMail
from portal.billing.meters import Level, Reading
from portal.billing.models import Statement
from portal.billing.months import BILLING_ZONE
from portal.billing.months import month as month_of_year
from portal.billing.statements import store
from provisioning import ledger
from provisioning.meters import KEY as METER
from provisioning.models import Inventory, MirrorState, Order, Product
from tests.provisioning.samples import some_connection

WITHOUT_ARGUMENTS = ["month", "statements", "history", "mailing", "mails", "contact_new"]
OF_A_CONTACT = ["contact", "contact_link", "contact_remove"]
OCTOBER = date(2026, 10, 1)
_numbers = count(100)


def samples(tenant, owner) -> dict[str, dict]:
    """{"billing:name": its arguments without the slug} for every address of the app."""
    statement = closed_statement(tenant)
    found: dict[str, dict] = {name: {} for name in WITHOUT_ARGUMENTS}
    found["draft_file"] = {"suffix": "pdf"}
    found["statement"] = {"pk": statement.pk}
    found["statement_file"] = {"pk": statement.pk, "suffix": "pdf"}
    found["mail_send"] = {}
    contact = some_contact(tenant, owner)
    found |= {name: {"pk": contact.pk} for name in OF_A_CONTACT}
    found["mail_again"] = {"pk": some_mail(statement, contact).pk}
    return {f"billing:{name}": arguments for name, arguments in found.items()}


def some_contact(tenant, owner, email: str = "books@acme.example", **fields) -> BillingContact:
    """An address that has been confirmed and wants the PDF in English."""
    known = {"language": "en", "forms": ["pdf"], "state": "confirmed", "confirmed_at": timezone.now()}
    return BillingContact.objects.create(tenant=tenant, email=email, added_by=owner, **(known | fields))


def some_mail(statement, contact, **fields) -> StatementMail:
    """One that has been sent."""
    known = {"state": "sent", "ended_at": timezone.now()}
    return StatementMail.objects.create(
        tenant=statement.tenant, statement=statement, contact=contact, **(known | fields)
    )


def closed_statement(tenant, month: date = OCTOBER, *, lines: Sequence[Line] = ()) -> Statement:
    """The tenant's next one. Months must follow one another, as the database wants."""
    last = Statement.objects.filter(tenant=tenant).order_by("-sequence").first()
    sequence = last.sequence + 1 if last else 1
    number = Statement(month=month, sequence=sequence).number
    document = document_with(lines or [peak_line()], tenant=tenant.name, month=month, number=number)
    document = replace(document, previous_digest=last.digest if last else "")
    return store(tenant, document, sequence=sequence, closed_by=None)


def document_with(lines: Sequence[Line], *, tenant: str = "Acme", month: date = OCTOBER, number: str = "") -> Document:
    net = sum((line.amount for line in lines), Decimal("0.00"))
    vat = (net * 21 / 100).quantize(Decimal("0.01"))
    closed_at = datetime(month.year, month.month, 1, 9, tzinfo=UTC) + timedelta(days=36)
    return Document(
        number=number,
        tenant=tenant,
        month=month,
        zone="Europe/Amsterdam",
        currency="EUR",
        lines=list(lines),
        net=net,
        vat_rate=Decimal("21.00"),
        vat=vat,
        gross=net + vat,
        drawn_at=closed_at,
        closed_at=closed_at if number else None,
    )


def peak_line(value: int = 128, price: str = "10.0000", *, position: int = 1, free_units: int = 0, **fields) -> Line:
    """By a peak of October that order A-17 of Bob set on the 14th."""
    reached_at = datetime(2026, 10, 14, 8, 30, tzinfo=UTC)
    known = {
        "object_id": 900_000 + position,
        "label": "Video: calls",
        "value": value,
        "at_most": value,
        "opening": value - 28,
        "closing": value - 8,
        "reached_at": reached_at,
        "by_vendors_clock": True,
        "order": "A-17",
        "person": "Bob",
        "lasted": timedelta(days=3, hours=4),
        "days": 4,
        "levels": [
            Level(datetime(2026, 9, 30, 22, tzinfo=UTC), value - 28),
            Level(reached_at, value),
            Level(reached_at + timedelta(days=3, hours=4), value - 8),
        ],
    }
    line = {name: fields.pop(name) for name in list(fields) if name in Line.__dataclass_fields__}
    reading = Reading(**(known | fields))
    charged = max(0, reading.value - free_units)
    values = {
        "position": position,
        "kind": "peak",
        "meter": METER,
        "label": reading.label,
        "reading": reading,
        "free_units": free_units,
        "charged": charged,
        "unit_price": Decimal(price),
        "amount": (charged * Decimal(price)).quantize(Decimal("0.01")),
    }
    return Line(**(values | line))


# --- Rows that are really counted ----------------------------------------------------------------------------------


def counted_product(
    tenant, owner, levels: Sequence[int], *, name: str = "Video", price: str | None = "10.0000"
) -> Product:
    """A product that stood at each of `levels` from the 9th of a month on, the last of them being the running month.

    Each is reached by an order of `owner`, fulfilled by the vendor's clock. Agreed at `price` from the first month on.
    """
    began, now = months_ago(len(levels) - 1), timezone.now()
    connection = some_connection(tenant, name)
    product = Product.objects.get(connection=connection)
    MirrorState.objects.filter(connection=connection).update(read_at=now)
    Inventory.objects.create(tenant=tenant, product=product, total=levels[-1], available=3, read_at=now)
    ledger.open_ledger(product, levels[0], read_at=began)
    if price is not None:
        day = began.astimezone(BILLING_ZONE).date()
        agree(tenant, METER, product.pk, starts_on=day, unit_price=Decimal(price), acting_user=owner)
    for number, (level_before, level) in enumerate(pairwise(levels), start=1):
        at = min(months_ago(len(levels) - 1 - number) + timedelta(days=8, hours=9), now)
        moved(product, level - level_before, at, owner)
    return product


def moved(product: Product, quantity: int, at: datetime, owner) -> None:
    """An order that `owner` placed and the vendor fulfilled at `at`."""
    if not quantity:
        return
    order = Order.objects.create(
        tenant=product.tenant, connection=product.connection, product=product, requested_by=owner,
        type=Order.Type.INCREMENT if quantity > 0 else Order.Type.DECREMENT, quantity=abs(quantity), created_at=at,
        number=f"A-{next(_numbers)}", status=Order.Status.FULFILLED, vendor_created_at=at, fulfilled_at=at,
    )  # fmt: skip
    ledger.count_order(order)


def pending(product: Product, quantity: int, owner, number: str = "A-77") -> Order:
    """An order that the vendor has taken and not fulfilled."""
    return Order.objects.create(
        tenant=product.tenant, connection=product.connection, product=product, requested_by=owner, number=number,
        type=Order.Type.INCREMENT if quantity > 0 else Order.Type.DECREMENT, quantity=abs(quantity), status="pending",
    )  # fmt: skip


def close_all(tenant) -> list[Statement]:
    """Every month that is over and has something on it, the earliest first."""
    found = []
    while first := next_to_close(tenant, before(running_month())):
        found.append(close(tenant, first, acting_user=None))
    return found


def running_month() -> date:
    return timezone.now().astimezone(BILLING_ZONE).date().replace(day=1)


def months_ago(months: int) -> datetime:
    """When that month began."""
    first = running_month()
    for _step in range(months):
        first = before(first)
    return month_of_year(first.year, first.month).start
