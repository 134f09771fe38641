"""One row of each kind that the video pages name, and the arguments of each of their addresses."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from portal.billing.contracts import agree
from portal.billing.models import Contract
from portal.operations.models import Operation, Status
from portal.vendors.models import Connection
from provisioning import ledger
from provisioning.models import Drift, Inventory, MirrorState, Order, Product, SizingPlan, Subscriber
from provisioning.operations import CREATE_SUBSCRIBER, ORDER_PRODUCTS
from provisioning.right_sizing import window_of
from provisioning.terms import METER
from tests.fixtures.account import connected

WITHOUT_ARGUMENTS = [
    "dashboard",
    "moving",
    "mirror",
    "refresh",
    "orders",
    "order_new",
    "order_forecast",
    "subscribers",
    "subscriber_new",
    "differences",
    "right_sizing",
]
OF_AN_ORDER = ["order", "order_row", "order_now", "order_cancel"]
OF_A_SUBSCRIBER = [
    "subscriber",
    "subscriber_row",
    "subscriber_now",
    "subscriber_delete",
    "subscriber_gone",
    "subscriber_id",
    "credentials",
]
OF_A_DIFFERENCE = ["difference", "difference_adopt", "difference_repaired"]


def samples(tenant, owner) -> dict[str, dict]:
    """{"provisioning:name": its arguments without the slug} for every address of the app."""
    product = stocked_product(tenant, total=10)
    pk_of = {
        "order": some_order(product, owner).pk,
        "subscriber": some_subscriber(product, owner).pk,
        "difference": some_difference(product).pk,
    }
    found: dict[str, dict] = {name: {} for name in WITHOUT_ARGUMENTS}
    for names, kind in ((OF_AN_ORDER, "order"), (OF_A_SUBSCRIBER, "subscriber"), (OF_A_DIFFERENCE, "difference")):
        found |= {name: {"pk": pk_of[kind]} for name in names}
    for name in ("product", "right_sizing_set", "right_sizing_approve"):
        found[name] = {"pk": product.pk}
    found["right_sizing_cancel"] = {"pk": some_sizing_plan(product, owner).pk}
    return {f"provisioning:{name}": arguments for name, arguments in found.items()}


def some_connection(tenant, name: str = "Samples") -> Connection:
    return connected(tenant, "kandy", name, client_id="sample-account", client_secret="sample-secret")


def stocked_product(tenant, *, total: int, name: str = "Samples") -> Product:
    """A product of a new connection whose mirror was read just now."""
    connection = some_connection(tenant, name)
    product, now = Product.objects.get(connection=connection), timezone.now()
    MirrorState.objects.filter(connection=connection).update(read_at=now)
    Inventory.objects.create(tenant=tenant, product=product, total=total, available=total, read_at=now)
    ledger.open_ledger(product, total, read_at=now)
    return product


def priced(price: str | int, *, starts_on: date = date(2020, 1, 1), **terms) -> None:
    """All products in scope cost so much each, since long ago unless said otherwise."""
    for product in Product.objects.select_related("tenant"):
        price_of = {"unit_price": Decimal(price), "starts_on": starts_on}
        agree(product.tenant, METER, product.pk, **price_of, **terms, acting_user=None)


def unpriced() -> None:
    """Nothing is agreed about any product in scope."""
    Contract.objects.all().delete()
    Product.objects.update(unit_price=0)


def some_order(
    product: Product, owner, number: str = "", status: str = "requested", operation_status=Status.WAITING
) -> Order:
    order = Order.objects.create(
        tenant=product.tenant,
        connection=product.connection,
        product=product,
        type=Order.Type.INCREMENT,
        quantity=2,
        status=status,
        number=number,
        requested_by=owner,
    )
    order.operation = _operation(ORDER_PRODUCTS, product, order, owner, operation_status)
    order.save(update_fields=["operation"])
    return order


def some_subscriber(product: Product, owner, username: str = "sample", **fields) -> Subscriber:
    values = {
        "state": Subscriber.State.ACTIVE,
        "vendor_id": f"S-{username}",
        "identity": f"{username}@sample.example",
        "password": "sample-password",
        "requested_by": owner,
    }
    subscriber = Subscriber.objects.create(
        tenant=product.tenant, connection=product.connection, product=product, username=username, **(values | fields)
    )
    _operation(CREATE_SUBSCRIBER, product, subscriber, owner, Status.DONE)
    return subscriber


def some_difference(product: Product, key: str = "", kind: str = Drift.Kind.TOTAL, ours=10, theirs=13) -> Drift:
    now = timezone.now()
    return Drift.objects.create(
        tenant=product.tenant,
        connection=product.connection,
        product=product,
        kind=kind,
        key=key,
        ours=ours,
        theirs=theirs,
        ours_at=now,
        first_seen_at=now - timedelta(hours=1),
        last_seen_at=now,
    )


def some_sizing_plan(product: Product, owner, quantity: int = 2) -> SizingPlan:
    """Approved for this month; its window is today."""
    window, now = window_of(timezone.now()), timezone.now()
    return SizingPlan.objects.create(
        tenant=product.tenant,
        product=product,
        month_start=window.month.start,
        month_end=window.month.end,
        opens_at=now + timedelta(hours=1),
        closes_at=now + timedelta(hours=2),
        quantity=quantity,
        unit_price=product.unit_price,
        form_key=uuid4(),
        approved_by=owner,
    )


def _operation(kind, product: Product, subject, owner, status) -> Operation:
    return Operation.objects.create(
        tenant=product.tenant,
        connection=product.connection,
        kind=kind.name,
        lane=product.lane,
        label=str(subject),
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        status=status,
        created_by=owner,
    )
