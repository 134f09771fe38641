"""How one answer of the vendor changes the mirror. Each function runs in the caller's transaction and may run twice."""

from django.db.models import F
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from provisioning import ledger
from provisioning.client import OrderStatus, RemoteOrder, RemoteSubscriber
from provisioning.models import Inventory, MirrorState, Order, Subscriber

STATUS = {
    OrderStatus.PENDING: Order.Status.PENDING,
    OrderStatus.FULFILLED: Order.Status.FULFILLED,
    OrderStatus.REJECTED: Order.Status.REJECTED,
}


def order_answer(order: Order, remote: RemoteOrder) -> None:
    """Believe what the vendor says of an order. A fulfilment enters the ledger and the inventory, once."""
    order.number = remote.number
    order.status = STATUS[remote.status]
    order.vendor_created_at = remote.created_at or order.vendor_created_at
    order.fulfilled_at = remote.fulfilled_at
    if remote.status is OrderStatus.FULFILLED and order.seen_fulfilled_at is None:
        order.seen_fulfilled_at = timezone.now()
    order.save(update_fields=["number", "status", "vendor_created_at", "fulfilled_at", "seen_fulfilled_at"])
    if remote.status is OrderStatus.FULFILLED and ledger.count_order(order) is not None:
        _move(order.product_id, total=order.signed_quantity, available=order.signed_quantity)


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
    MirrorState.objects.filter(connection_id=connection_id).update(due_at=timezone.now())


def _move(product_id: int, *, total: int, available: int) -> None:
    """What the vendor's answer implies. If belief was wrong before, zero is the least; the next reading mends it."""
    moved = Greatest(F("total") + total, 0)
    Inventory.objects.filter(product_id=product_id).update(
        total=moved, available=Least(Greatest(F("available") + available, 0), moved)
    )
