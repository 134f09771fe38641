"""How one answer of the vendor changes the mirror. Each function runs in the caller's transaction and may run twice."""

from django.db import connection as database
from django.utils import timezone

from portal.vendors import mirrors
from provisioning import ledger, notices, thresholds
from provisioning.client import OrderStatus, RemoteOrder, RemoteSubscriber
from provisioning.models import MirrorState, Order, Subscriber

STATUS = {
    OrderStatus.PENDING: Order.Status.PENDING,
    OrderStatus.FULFILLED: Order.Status.FULFILLED,
    OrderStatus.REJECTED: Order.Status.REJECTED,
}


def order_answer(order: Order, remote: RemoteOrder) -> None:
    """Believe what the vendor says of an order. A fulfilment enters the ledger and the inventory, once."""
    before, order.number = order.status, remote.number
    order.status = STATUS[remote.status]
    order.vendor_created_at = remote.created_at or order.vendor_created_at
    order.fulfilled_at = remote.fulfilled_at
    if remote.status is OrderStatus.FULFILLED and order.seen_fulfilled_at is None:
        order.seen_fulfilled_at = timezone.now()
    order.save(update_fields=["number", "status", "vendor_created_at", "fulfilled_at", "seen_fulfilled_at"])
    if remote.status is OrderStatus.FULFILLED and ledger.count_order(order) is not None:
        _move(order.product_id, total=order.signed_quantity, available=order.signed_quantity)
        thresholds.look(order.product)
    notices.order_moved(order, before)


def subscriber_created(subscriber: Subscriber, remote: RemoteSubscriber | None) -> None:
    """A product is in use. Without `remote` the vendor made it, but its ID and password never reached us."""
    subscriber.state = Subscriber.State.ACTIVE
    if remote is not None:
        subscriber.vendor_id, subscriber.identity = remote.subscriber_id, remote.identity
        subscriber.password = remote.password
        subscriber.vendor_created_at = remote.created_at
    subscriber.save(update_fields=["state", "vendor_id", "identity", "password", "vendor_created_at"])
    _move(subscriber.product_id, total=0, available=-1)


def subscriber_deleted(subscriber: Subscriber) -> None:
    """Its product is free again; its password is of no more use to anybody."""
    subscriber.state, subscriber.deleted_at, subscriber.password = (
        Subscriber.State.DELETED,
        timezone.now(),
        "",
    )
    subscriber.save(update_fields=["state", "deleted_at", "password"])
    _move(subscriber.product_id, total=0, available=1)


def ask_for_reading(connection_id: int) -> None:
    """The vendor said something that our mirror did not expect: read it again soon."""
    mirrors.ask_for_reading(MirrorState, connection_id)


def _move(product_id: int, *, total: int, available: int) -> None:
    """What the vendor's answer implies. If belief was wrong before, zero is the least; the next reading mends it.

    The same statement tells the threshold, so that a subscriber costs no further one while it is not passed.
    """
    with database.cursor() as cursor:
        cursor.execute(
            "update provisioning_inventory i set total = greatest(i.total + %(total)s, 0),"
            " available = least(greatest(i.available + %(available)s, 0), greatest(i.total + %(total)s, 0))"
            " from provisioning_product p where p.id = i.product_id and i.product_id = %(product)s"
            " returning i.available, p.warn_free_below",
            {"total": total, "available": available, "product": product_id},
        )
        for free, below in cursor.fetchall():
            thresholds.free_moved(product_id, free, available, below)
