"""How the mirror follows the vendor: read everything, compare by sets, write what changed, tell what differs.

Level-triggered: it may run at any time, twice, or die half-way. While an operation is under way on a product, that product's
counts say nothing certain, so they are left alone and read again soon.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db.models import Q
from django.utils import timezone

from portal.audit.trail import record
from portal.operations.models import HOLDING, Operation
from portal.tenancy.scope import tenant_scope
from portal.vendors import mirrors
from portal.vendors.errors import VendorError
from portal.vendors.line import Line
from portal.vendors.models import Connection
from portal.vendors.remote_rows import load_remote_rows
from provisioning import absorb, drift, ledger, thresholds
from provisioning.client import KandyClient, OrderReading, RemoteInventory, RemoteOrder
from provisioning.models import Inventory, MirrorState, Order, Product, Subscriber

SOON = timedelta(seconds=5)
# An order that hangs is looked at ever less often: after a tenth of the time it has hung already.
PENDING_SHARE = 10


@dataclass(frozen=True)
class Reading:
    """One complete read of a connection. `started_at` is ours, from before the first question."""

    started_at: datetime
    orders: OrderReading
    inventory: list[RemoteInventory]

    def order(self, number: str) -> RemoteOrder:
        return next(order for order in self.orders.orders if order.number == number)


def due_connections() -> list[tuple[int, int]]:
    """(tenant, connection) of mirrors whose time has come and that nobody is reading; all tenants."""
    return mirrors.due(MirrorState)


def read_connection(tenant_id: int, connection_id: int) -> None:
    """Read one connection and let the mirror follow; does nothing while another worker reads it."""
    connection = mirrors.claim(MirrorState, tenant_id, connection_id)
    if connection is None:
        return
    line = Line(connection)
    try:
        reading = _read(KandyClient(line.http))
    except VendorError as error:
        mirrors.failed(MirrorState, connection, line, error)
        return
    with tenant_scope(tenant_id):
        _follow(connection, reading)
        line.close()


def _read(client: KandyClient) -> Reading:
    """Orders after the inventory: an order fulfilled in between then explains a total that is too small, not too large."""
    started_at = timezone.now()
    inventory = client.inventory()
    return Reading(started_at, client.read_orders(), inventory)


def _follow(connection: Connection, reading: Reading) -> None:
    products = _products(connection, reading)
    _adopt_history(connection, reading, products)
    # An answer that is absorbed meanwhile waits here, and then adds its effect to what was read.
    list(Inventory.objects.filter(product__connection=connection).select_for_update(of=("self",)))
    changed = _follow_orders(connection, reading)
    quiet = {
        name: product
        for name, product in products.items()
        if _quiet(product, reading.started_at) and _consistent(product, reading, changed)
    }
    for name, product in quiet.items():
        _follow_inventory(product, _counted(reading, name), reading.started_at)
    drift.compare(connection, _differences(connection, reading, quiet), list(quiet.values()), reading.started_at)
    for product in quiet.values():
        thresholds.look(product)
    _finished(connection, reading, all_quiet=len(quiet) == len(products))


def _products(connection: Connection, reading: Reading) -> dict[str, Product]:
    """Our products by name; one that the vendor tells for the first time is added."""
    known = {product.name: product for product in Product.objects.filter(connection=connection)}
    for remote in reading.inventory:
        if remote.product not in known:
            known[remote.product] = Product.objects.create(
                tenant_id=connection.tenant_id, connection=connection, name=remote.product[:80]
            )
    return known


def _adopt_history(connection: Connection, reading: Reading, products: dict[str, Product]) -> None:
    """What was ordered before a product was first read is its history under the opening level, not a difference."""
    products = {name: product for name, product in products.items() if ledger.level(product) is None}
    orders = [
        Order(
            tenant_id=connection.tenant_id,
            connection=connection,
            product=products[remote.product],
            type=remote.kind.value,
            quantity=remote.quantity,
            status=absorb.STATUS[remote.status],
            number=remote.number,
            created_at=remote.created_at or reading.started_at,
            vendor_created_at=remote.created_at,
            fulfilled_at=remote.fulfilled_at,
            seen_fulfilled_at=reading.started_at if remote.fulfilled_at else None,
        )
        for remote in reading.orders.orders
        if remote.product in products
    ]
    Order.objects.bulk_create(orders, batch_size=1000, ignore_conflicts=True)


def _follow_orders(connection: Connection, reading: Reading) -> set[int]:
    """Returns the products whose orders changed."""
    _load(reading)
    changed = set()
    for order in Order.objects.filter(pk__in=_changed_orders(connection)).select_for_update(of=("self",)):
        changed.add(order.product_id)
        before = order.status
        absorb.order_answer(order, reading.order(order.number))
        record(
            "provisioning.order_changed",
            order,
            before={"status": before},
            after={"status": order.status},
            acting_user=None,
        )
    return changed


def _load(reading: Reading) -> None:
    load_remote_rows(
        "remote_order",
        {"number": "text", "product": "text", "status": "text", "fulfilled_at": "timestamptz"},
        (
            (order.number, order.product, absorb.STATUS[order.status].value, order.fulfilled_at)
            for order in reading.orders.orders
        ),
    )


def _changed_orders(connection: Connection) -> list[int]:
    """Orders of ours that the vendor tells otherwise. A fulfilled order that was counted never goes back by itself."""
    return _column(
        "select o.id from provisioning_order o join remote_order r using (number)"
        " where o.connection_id = %s and o.status <> r.status and o.status <> 'fulfilled'",
        connection.pk,
    )


def _quiet(product: Product, since: datetime) -> bool:
    """Nothing was under way on this product while the vendor was read, so its counts are comparable."""
    lane = Operation.objects.in_lane(product.connection_id, product.lane)
    return not lane.filter(Q(status__in=HOLDING) | Q(ended_at__gte=since)).exists()


def _consistent(product: Product, reading: Reading, changed: set[int]) -> bool:
    """Inventory and orders are read one after the other: a fulfilment in between makes them disagree this once."""
    return product.pk not in changed or ledger.level(product) == _counted(reading, product.name).total


def _counted(reading: Reading, product: str) -> RemoteInventory:
    for remote in reading.inventory:
        if remote.product == product:
            return remote
    return RemoteInventory(product=product, total=0, available=0)


def _follow_inventory(product: Product, remote: RemoteInventory, read_at: datetime) -> None:
    inventory, created = Inventory.objects.get_or_create(
        product=product,
        defaults={
            "tenant_id": product.tenant_id,
            "total": remote.total,
            "available": remote.available,
            "foreign_in_use": remote.in_use - _subscribers_using(product),
            "read_at": read_at,
        },
    )
    if created:
        ledger.open_ledger(product, remote.total, read_at=read_at)
        return
    inventory.total, inventory.available, inventory.read_at = remote.total, remote.available, read_at
    inventory.save(update_fields=["total", "available", "read_at"])


def _subscribers_using(product: Product) -> int:
    return Subscriber.objects.using_a_product().filter(product=product).count()


def _differences(connection: Connection, reading: Reading, quiet: dict[str, Product]) -> list[drift.Difference]:
    found = [difference for name, product in quiet.items() for difference in _count_differences(product, reading, name)]
    if len(quiet) == Product.objects.filter(connection=connection).count():
        found += _order_differences(connection, reading, quiet)
    return found


def _count_differences(product: Product, reading: Reading, name: str) -> list[drift.Difference]:
    remote = _counted(reading, name)
    believed_total = ledger.level(product)
    believed_in_use = _subscribers_using(product) + Inventory.objects.get(product=product).foreign_in_use
    found = []
    if believed_total != remote.total:
        found.append(drift.Difference(drift.Kind.TOTAL, product, "", believed_total, remote.total))
    if believed_in_use != remote.in_use:
        found.append(drift.Difference(drift.Kind.IN_USE, product, "", believed_in_use, remote.in_use))
    return found


def _order_differences(
    connection: Connection, reading: Reading, products: dict[str, Product]
) -> list[drift.Difference]:
    unknown = _column(
        "select r.number from remote_order r where not exists"
        " (select from provisioning_order o where o.connection_id = %s and o.number = r.number)",
        connection.pk,
    )
    found = [
        drift.Difference(drift.Kind.UNKNOWN_ORDER, products[order.product], order.number, None, _told(order))
        for order in map(reading.order, unknown)
        if order.product in products
    ]
    if reading.orders.complete:
        found += _missing_orders(connection, reading)
    return found


def _missing_orders(connection: Connection, reading: Reading) -> list[drift.Difference]:
    """Absence counts only after a complete read, and for orders that were there before it began."""
    missing = Order.objects.filter(
        pk__in=_column(
            "select o.id from provisioning_order o where o.connection_id = %s and o.number <> '' and o.created_at < %s"
            " and not exists (select from remote_order r where r.number = o.number)",
            connection.pk,
            reading.started_at,
        )
    ).select_related("product")
    return [
        drift.Difference(drift.Kind.MISSING_ORDER, order.product, order.number, {"status": order.status}, None)
        for order in missing
    ]


def _told(order: RemoteOrder) -> dict[str, Any]:
    return {
        "type": order.kind.value,
        "quantity": order.quantity,
        "status": absorb.STATUS[order.status].value,
        "created_at": order.created_at.isoformat() if order.created_at else None,
        "fulfilled_at": order.fulfilled_at.isoformat() if order.fulfilled_at else None,
    }


def _finished(connection: Connection, reading: Reading, *, all_quiet: bool) -> None:
    flaw = reading.orders.unreadable
    MirrorState.objects.filter(connection=connection).update(
        read_at=reading.started_at,
        reading_until=None,
        asked_at=None,
        due_at=timezone.now() + _pause(connection, all_quiet=all_quiet),
        error=f"{len(flaw)} orders could not be understood: {flaw[0]}"[:500] if flaw else "",
        error_at=timezone.now() if flaw else None,
    )


def _pause(connection: Connection, *, all_quiet: bool) -> timedelta:
    """Until the next reading: SYNC_SECONDS, sooner after an unclear one and while an order hangs at the vendor."""
    usual = timedelta(seconds=settings.SYNC_SECONDS)
    if not all_quiet:
        return min(usual, SOON)
    hanging = Order.objects.filter(connection=connection, status=Order.Status.PENDING).order_by("-created_at").first()
    if hanging is None:
        return usual
    return min(usual, max(SOON, (timezone.now() - hanging.created_at) / PENDING_SHARE))


def _column(sql: str, *parameters: Any) -> list[Any]:
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
