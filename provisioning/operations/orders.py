"""Ordering products: up, down, and what became of an order whose answer was lost."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from portal.operations.models import Operation, Status
from portal.operations.promises import once, submit
from portal.operations.registry import (
    Absent,
    CannotTell,
    Found,
    Kind,
    PersonSays,
    Verdict,
    absorbs,
    carries_out,
    reverts,
    settles,
)
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from provisioning import absorb
from provisioning.client import KandyClient, OrderStatus, RemoteOrder
from provisioning.models import Inventory, Order, Product
from provisioning.operations.counts import free_products, stock_of
from provisioning.operations.refusals import NotPromised

ORDER_PRODUCTS = Kind("provisioning.order_products", gettext_lazy("Order products"))

LARGEST_QUANTITY = 100_000
# The vendor's clock may be behind ours by so much before an order taken after our sending looks older than it.
CLOCK_TOLERANCE = timedelta(seconds=30)


@transaction.atomic
def order_products(
    product: Product, order_type: str, quantity: int, *, form_key: UUID | None = None, acting_user: Any
) -> Order:
    """Promise an order. Returns at once; the vendor is called later.

    Raises NotPromised for a quantity out of bounds and for a decrement below what is in use, AlreadySubmitted.
    """
    once(product.tenant_id, form_key)
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise NotPromised(_("Order between 1 and %(most)s products at a time.") % {"most": LARGEST_QUANTITY})
    if not Inventory.objects.filter(product=product).exists():
        raise NotPromised(_("The inventory has not been read from the vendor yet. Try again when it has."))
    if order_type == Order.Type.DECREMENT:
        _check_decrement(product, quantity)
    order = Order.objects.create(
        tenant_id=product.tenant_id,
        connection_id=product.connection_id,
        product=product,
        type=order_type,
        quantity=quantity,
        requested_by=acting_user,
    )
    order.operation = submit(
        ORDER_PRODUCTS,
        connection=product.connection,
        lane=product.lane,
        label=str(order),
        payload={"product": product.name, "type": order_type, "quantity": quantity},
        subject=order,
        costs_money=order_type == Order.Type.INCREMENT,
        form_key=form_key,
        acting_user=acting_user,
    )
    order.save(update_fields=["operation"])
    return order


def _check_decrement(product: Product, quantity: int) -> None:
    free = free_products(product)
    if quantity > free:
        raise NotPromised(
            _(
                "Only %(free)s products are free. A decrement of %(quantity)s would go below what is in use, and the vendor"
                " refuses that: delete subscribers first, or ask for fewer."
            )
            % {"free": max(free, 0), "quantity": quantity}
        )


@carries_out(ORDER_PRODUCTS)
def _place_order(work: Work) -> RemoteOrder:
    """Read the inventory, keep it as evidence, then order: an order costs a month's money, a reading nothing."""
    client, payload = KandyClient(work.http), work.operation.payload
    stock = stock_of(client, payload["product"])
    work.remember(total=stock.total, available=stock.available)
    return client.place_order(payload["product"], payload["type"], payload["quantity"])


@absorbs(ORDER_PRODUCTS)
def _order_placed(operation: Operation, answer: RemoteOrder | PersonSays) -> None:
    order = Order.objects.select_for_update(of=("self",)).get(operation=operation)
    if isinstance(answer, RemoteOrder):
        absorb.order_answer(order, answer)
        return
    # A person says that it was placed: the vendor's number is known, how far it is the next reading tells.
    order.number, order.status = answer.reference, Order.Status.PENDING
    order.save(update_fields=["number", "status"])
    absorb.ask_for_reading(order.connection_id)


@settles(ORDER_PRODUCTS)
def _settle_order(work: Work) -> Verdict:
    """Found: an order nobody claimed, alike and no older than the sending, and an inventory that moved by exactly that."""
    before = work.sending_facts()
    if "total" not in before:
        return Absent(gettext_noop("The inventory had not been read yet, so the order had not left."))
    client, payload = KandyClient(work.http), work.operation.payload
    stock = stock_of(client, payload["product"])
    listed = [order for order in client.orders() if order.product == payload["product"]]
    candidates = _unclaimed(work.operation, listed, before["sent_at"])
    others = _moved_by([order for order in listed if order not in candidates], before["sent_at"])
    moved = stock.total - before["total"] - others
    evidence = {
        "total_before": before["total"],
        "total_now": stock.total,
        "moved_by_other_orders": others,
        "unclaimed_orders": [order.number for order in candidates],
    }
    if not candidates and moved == 0:
        return Absent(gettext_noop("No such order is listed, and the inventory has not moved."), evidence)
    if len(candidates) == 1 and moved == _effect(candidates[0]):
        return Found(
            candidates[0], gettext_noop("The order is listed, and the inventory moved by exactly that."), evidence
        )
    return CannotTell(gettext_noop("The orders listed and how the inventory moved do not tell the same."), evidence)


@reverts(ORDER_PRODUCTS)
def _order_not_placed(operation: Operation) -> None:
    Order.objects.filter(operation=operation).update(status=Order.Status.FAILED)
    if operation.status != Status.WAITING:
        absorb.ask_for_reading(operation.connection_id)


def _unclaimed(operation: Operation, listed: list[RemoteOrder], sent_at: datetime) -> list[RemoteOrder]:
    """Orders like ours, taken since our sending, that no order of the mirror has the number of."""
    payload, since = operation.payload, sent_at - CLOCK_TOLERANCE
    alike = [
        order
        for order in listed
        if order.kind == payload["type"]
        and order.quantity == payload["quantity"]
        and (order.created_at is None or order.created_at >= since)
    ]
    with tenant_scope(operation.tenant_id):
        claimed = set(
            Order.objects.filter(
                connection_id=operation.connection_id, number__in=[order.number for order in alike]
            ).values_list("number", flat=True)
        )
    return [order for order in alike if order.number not in claimed]


def _moved_by(orders: list[RemoteOrder], since: datetime) -> int:
    """By how much other orders changed the total since our sending."""
    return sum(_effect(order) for order in orders if order.fulfilled_at and order.fulfilled_at >= since)


def _effect(order: RemoteOrder) -> int:
    if order.status is not OrderStatus.FULFILLED:
        return 0
    return order.quantity if order.kind == Order.Type.INCREMENT else -order.quantity
