"""What the vendor's invoice of video is held against: which product it means, and how its level came about.

An account is the client ID of a connection, or the company's address and the connection's name ("acme/Video").
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from django.db.models import Exists, OuterRef, Q

from portal.billing.invoices.evidence import Counted, Entry, Invoicing, Ledger, OrderTold, Place, Written
from portal.billing.peaks import Period
from portal.tenancy.sealing import SealBroken
from portal.vendors.models import Connection
from provisioning.models import InventoryChange, Order, Product
from provisioning.rollup import month_peaks

# As `provisioning.connecting.KANDY`, which cannot be asked here: it knows the client, and meters know no client.
VENDOR = "kandy"


def find(wanted: Iterable[Written]) -> Mapping[Written, Sequence[Place]]:
    """The products that accounts and names can mean; neither capitals nor blanks around them count. Three queries for all."""
    asked = list(wanted)
    connections = _connections({_plain(account) for account, _name in asked})
    every = {connection.pk: connection for found in connections.values() for connection in found}
    products = {(each.connection_id, _plain(each.name)): each for each in Product.objects.filter(connection__in=every)}
    return {
        (account, name): [_place(connection, products.get((connection.pk, _plain(name)))) for connection in found]
        for account, name in asked
        if (found := connections.get(_plain(account)))
    }


def _connections(accounts: set[str]) -> dict[str, list[Connection]]:
    """By account, those that it can mean. Client IDs are sealed, so each is opened and compared; none is shown."""
    found: dict[str, list[Connection]] = {}
    rows = Connection.objects.filter(vendor=VENDOR).select_related("tenant").defer("client_secret").order_by("pk")
    for connection in rows:
        for account in {_client_id(connection), _plain(f"{connection.tenant.slug}/{connection.name}")} & accounts:
            found.setdefault(account, []).append(connection)
    return found


def _client_id(connection: Connection) -> str:
    """ "" where the seal does not open: then it can be named by company and connection."""
    try:
        return _plain(connection.client_id.reveal())
    except SealBroken:
        return ""


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _place(connection: Connection, product: Product | None) -> Place:
    if product is None:
        return Place(connection.tenant_id, None, connection.name)
    return Place(connection.tenant_id, product.pk, f"{connection.name}: {product.name}")


def ledger(product_id: int, period: Period) -> Ledger:
    """Three queries, and the changes since the period began; the level it opened with is the present one less those."""
    latest = InventoryChange.objects.filter(product=product_id).order_by("-sequence").first()
    since = list(InventoryChange.objects.filter(product=product_id).since(period.start).select_related("order"))
    opening = (latest.level if latest else 0) - sum(change.quantity for change in since)
    inside = [change for change in since if change.effective_at < period.end]  # type: ignore[attr-defined]
    return Ledger(opening, list(_entries(opening, inside)), _orders(product_id, period, inside))


def _entries(opening: int, changes: Iterable[InventoryChange]) -> Iterator[Entry]:
    level = opening
    for change in changes:
        level += change.quantity
        yield Entry(
            at=change.effective_at,  # type: ignore[attr-defined]
            quantity=change.quantity,
            level=level,
            by_vendors_clock=change.vendor_at is not None,
            cause=change.cause,
            order=change.order.number if change.order else "",
            operation_id=change.order.operation_id if change.order else None,
        )


def _orders(product_id: int, period: Period, changes: Iterable[InventoryChange]) -> list[OrderTold]:
    """Those that were asked for, taken or fulfilled in the period, and those whose effect lies in it."""
    within = Q(pk__in=[change.order_id for change in changes if change.order_id])
    for moment in ("created_at", "vendor_created_at", "fulfilled_at"):
        within |= Q(**{f"{moment}__gte": period.start, f"{moment}__lt": period.end})
    orders = Order.objects.filter(within, product=product_id).select_related("operation").order_by("created_at")
    return [
        OrderTold(
            number=order.number,
            quantity=order.signed_quantity,
            asked_at=order.created_at,
            taken_at=order.vendor_created_at,
            fulfilled_at=order.fulfilled_at,
            state=order.condition,
            counted=order.counted,
            operation_id=order.operation_id,
        )
        for order in orders.annotate(counted=Exists(InventoryChange.objects.filter(order=OuterRef("pk"))))
    ]


def counted(first: date) -> Iterator[Counted]:
    """Two queries, however many companies there are."""
    peaks = {each.product_id: each.peak for each in month_peaks(first) if each.peak > 0}
    rows = Product.objects.filter(pk__in=peaks, connection__vendor=VENDOR).select_related("connection").order_by("pk")
    for product in rows.only("name", "tenant", "connection__name", "connection__tenant"):
        yield Counted(product.tenant_id, product.pk, f"{product.connection.name}: {product.name}", peaks[product.pk])


INVOICING = Invoicing(VENDOR, find, ledger, counted)
