"""The ledger of inventory changes: one entry a change, with the level it led to, in the order in which they became known."""

from datetime import datetime

from django.utils import timezone

from provisioning.models import InventoryChange, Order, Product

Cause = InventoryChange.Cause


def open_ledger(product: Product, total: int, *, read_at: datetime) -> InventoryChange:
    """The level at which the portal began to watch; what was before is the vendor's word alone."""
    return _append(product, total, Cause.OPENING, vendor_at=None, recorded_at=read_at)


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
    product: Product,
    quantity: int,
    cause: Cause,
    *,
    order: Order | None = None,
    vendor_at: datetime | None,
    recorded_at: datetime | None = None,
) -> InventoryChange:
    last = InventoryChange.objects.filter(product=product).order_by("-sequence").first()
    return InventoryChange.objects.create(
        tenant_id=product.tenant_id,
        product=product,
        sequence=last.sequence + 1 if last else 1,
        quantity=quantity,
        level=(last.level if last else 0) + quantity,
        cause=cause,
        order=order,
        vendor_at=vendor_at,
        recorded_at=recorded_at or timezone.now(),
    )
