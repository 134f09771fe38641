"""The ledger of inventory changes: one entry a change, with the level it led to, in the order in which they became known."""

from datetime import datetime
from itertools import accumulate

from django.utils import timezone

from provisioning.models import InventoryChange, Order, Product

Cause = InventoryChange.Cause


def open_ledger(product: Product, total: int, *, read_at: datetime) -> None:
    """Begin with the vendor's own history, so that the month in which the portal begins to watch is whole.

    The orders that were fulfilled before the first reading are entered with the vendor's times, over an opening level that
    makes them end at `total`. Where they cannot (they would lead below zero), the ledger opens at `total` as read.
    """
    history = _history(product, read_at)
    opening = total - sum(order.signed_quantity for _, order in history)
    levels = list(accumulate((order.signed_quantity for _, order in history), initial=opening))
    if min(levels) < 0:
        history, levels = [], [total]
    first_at = history[0][0] if history else None
    _entry(product, 1, levels[0], levels[0], Cause.OPENING, vendor_at=first_at, recorded_at=read_at).save()
    InventoryChange.objects.bulk_create(
        [
            _entry(product, number, order.signed_quantity, level, Cause.ORDER, order, vendor_at=at, recorded_at=read_at)
            for number, ((at, order), level) in enumerate(zip(history, levels[1:], strict=True), start=2)
        ],
        batch_size=1000,
    )


def _history(product: Product, read_at: datetime) -> list[tuple[datetime, Order]]:
    """Fulfilled orders with the times of their effect, as well as the vendor told them, oldest first."""
    fulfilled = Order.objects.filter(product=product, status=Order.Status.FULFILLED)
    timed = [(order.fulfilled_at or order.vendor_created_at or read_at, order) for order in fulfilled]
    return sorted(timed, key=lambda each: (each[0], each[1].pk))


def count_order(order: Order) -> InventoryChange | None:
    """Enter a fulfilled order, once however often it is seen. None when it is in already."""
    product = _locked(order.product_id)
    if InventoryChange.objects.filter(order=order).exists():
        return None
    return _append(product, order.signed_quantity, Cause.ORDER, order=order, vendor_at=order.fulfilled_at)


def count_difference(product: Product, quantity: int) -> InventoryChange:
    """Enter a change that a person adopted without an order to explain it."""
    return _append(_locked(product.pk), quantity, Cause.RECONCILE, vendor_at=None)


def level(product: Product) -> int | None:
    """The latest level, or None before the ledger is opened."""
    return InventoryChange.objects.filter(product=product).order_by("-sequence").values_list("level", flat=True).first()


def _locked(product_id: int) -> Product:
    """One writer at a time, so that sequence and level never fork."""
    return Product.objects.select_for_update(of=("self",)).get(pk=product_id)


def _append(
    product: Product, quantity: int, cause: Cause, *, order: Order | None = None, vendor_at: datetime | None
) -> InventoryChange:
    last = InventoryChange.objects.filter(product=product).order_by("-sequence").first()
    number, level = (last.sequence + 1, last.level) if last else (1, 0)
    change = _entry(
        product, number, quantity, level + quantity, cause, order, vendor_at=vendor_at, recorded_at=timezone.now()
    )
    change.save()
    return change


def _entry(
    product: Product,
    number: int,
    quantity: int,
    level: int,
    cause: Cause,
    order: Order | None = None,
    *,
    vendor_at: datetime | None,
    recorded_at: datetime,
) -> InventoryChange:
    return InventoryChange(
        tenant_id=product.tenant_id,
        product=product,
        sequence=number,
        quantity=quantity,
        level=level,
        cause=cause,
        order=order,
        vendor_at=vendor_at,
        recorded_at=recorded_at,
    )
