"""What a person can ask of Kandy, how it is carried out there, and how an unknown outcome is settled.

All operations on one product of one connection share a lane: the evidence of a lost answer is how the inventory moved,
and that can only be read while nothing else moves it.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.audit.trail import record
from portal.operations.models import Operation, Status
from portal.operations.promises import once, submit
from portal.operations.registry import (
    Absent,
    CannotTell,
    Found,
    Kind,
    PersonSays,
    Resend,
    Verdict,
    absorbs,
    carries_out,
    prepares,
    reverts,
    settles,
)
from portal.operations.work import Work
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.errors import VendorProtocolError
from provisioning import absorb
from provisioning.client import KandyClient, OrderStatus, RemoteInventory, RemoteOrder, RemoteSubscriber
from provisioning.models import Inventory, Order, Product, Subscriber

ORDER_PRODUCTS = Kind("provisioning.order_products", gettext_lazy("Order products"))
CREATE_SUBSCRIBER = Kind("provisioning.create_subscriber", gettext_lazy("Create a subscriber"))
DELETE_SUBSCRIBER = Kind("provisioning.delete_subscriber", gettext_lazy("Delete a subscriber"), resend=Resend.ALWAYS)

LARGEST_QUANTITY = 100_000
# A count older than this is read again before it may serve as evidence.
EVIDENCE_AGE = timedelta(minutes=5)
# The vendor's clock may be behind ours by so much before an order taken after our sending looks older than it.
CLOCK_TOLERANCE = timedelta(seconds=30)


class NotPromised(Exception):
    """Stopped here, before anything was promised; `str()` is a sentence for the person."""


# --- What a person can ask for ------------------------------------------------------------------------------------


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


@transaction.atomic
def create_subscriber(
    product: Product,
    username: str,
    *,
    ends_at: datetime | None = None,
    form_key: UUID | None = None,
    acting_user: Any,
) -> Subscriber:
    """Promise a subscriber; with `ends_at` (aware) the portal deletes it then.

    Raises NotPromised when no product is free or the username lives already, AlreadySubmitted.
    """
    once(product.tenant_id, form_key)
    if free_products(product) < 1:
        raise NotPromised(_("No product is free: order one first, or delete a subscriber that is not needed."))
    if Subscriber.objects.living().filter(connection_id=product.connection_id, username__iexact=username).exists():
        raise NotPromised(_("There is a subscriber “%(name)s” already.") % {"name": username})
    if ends_at is not None and ends_at <= timezone.now():
        raise NotPromised(_("The end of a temporary subscriber must be in the future."))
    subscriber = Subscriber.objects.create(
        tenant_id=product.tenant_id,
        connection_id=product.connection_id,
        product=product,
        username=username,
        ends_at=ends_at,
        requested_by=acting_user,
    )
    _promise_subscriber(CREATE_SUBSCRIBER, subscriber, form_key, acting_user)
    return subscriber


@transaction.atomic
def delete_subscriber(subscriber: Subscriber, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise the end of a subscriber; applications that use it are forced out. `acting_user` None: its time was over.

    Raises NotPromised when it does not live, or when its ID was lost and the vendor cannot be told which one is meant.
    """
    once(subscriber.tenant_id, form_key)
    locked = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    if locked.state != Subscriber.State.ACTIVE:
        raise NotPromised(_("Only an active subscriber can be deleted; this one is: %s.") % locked.get_state_display())
    if locked.credentials_lost:
        raise NotPromised(
            _(
                "The vendor's ID of this subscriber is not known. Ask the vendor for it and enter it here, then delete it."
            )
        )
    locked.state = Subscriber.State.DELETING
    locked.save(update_fields=["state"])
    return _promise_subscriber(DELETE_SUBSCRIBER, locked, form_key, acting_user)


def _promise_subscriber(kind: Kind, subscriber: Subscriber, form_key: UUID | None, acting_user: Any) -> Operation:
    product = subscriber.product
    return submit(
        kind,
        connection=product.connection,
        lane=product.lane,
        label=subscriber.username,
        payload={"product": product.name, "username": subscriber.username, "subscriber_id": subscriber.vendor_id},
        subject=subscriber,
        form_key=form_key,
        acting_user=acting_user,
    )


@transaction.atomic
def enter_subscriber_id(subscriber: Subscriber, vendor_id: str, identity: str, *, acting_user: Any) -> None:
    """A person learned from the vendor which subscriber it is whose answer was lost. Raises NotPromised."""
    locked = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    if not locked.credentials_lost:
        raise NotPromised(_("The ID of this subscriber is known already."))
    locked.vendor_id, locked.identity = vendor_id, identity
    locked.save(update_fields=["vendor_id", "identity"])
    record("provisioning.subscriber_id_entered", locked, after={"subscriber_id": vendor_id}, acting_user=acting_user)


@transaction.atomic
def declare_gone(subscriber: Subscriber, *, reason: str, acting_user: Any) -> None:
    """A person knows that a subscriber was deleted at the vendor by somebody else. Raises NotPromised."""
    locked = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    if locked.state != Subscriber.State.ACTIVE:
        raise NotPromised(_("Only an active subscriber can be declared gone."))
    locked.state, locked.deleted_at, locked.password = Subscriber.State.DELETED, timezone.now(), ""
    locked.save(update_fields=["state", "deleted_at", "password"])
    record("provisioning.subscriber_declared_gone", locked, reason=reason, acting_user=acting_user)
    absorb.ask_for_reading(locked.connection_id)


@transaction.atomic
def reveal_password(subscriber: Subscriber, *, acting_user: Any) -> str:
    """The password in clear, once asked for; that it was asked for is in the audit trail. Raises NotPromised."""
    if subscriber.state != Subscriber.State.ACTIVE or not subscriber.password:
        raise NotPromised(_("There are no credentials to show for this subscriber."))
    record("provisioning.credentials_revealed", subscriber, acting_user=acting_user)
    return subscriber.password.reveal()


def end_temporary_subscribers(tenant_id: int) -> int:
    """Promise the end of every temporary subscriber whose time is over. Returns how many."""
    with tenant_scope(tenant_id):
        over = list(
            Subscriber.objects.filter(state=Subscriber.State.ACTIVE, ends_at__lte=timezone.now())
            .exclude(vendor_id="")
            .select_related("product__connection__tenant")
            .order_by("ends_at")[:200]
        )
        for subscriber in over:
            delete_subscriber(subscriber, acting_user=None)
    return len(over)


def tenants_with_ending_subscribers() -> list[int]:
    """Active tenants that have temporary subscribers whose time is over; all tenants are looked at."""
    with staff_scope():
        over = Subscriber.objects.filter(
            state=Subscriber.State.ACTIVE, ends_at__lte=timezone.now(), tenant__state="active"
        ).exclude(vendor_id="")
        return sorted(set(over.values_list("tenant_id", flat=True)[:10_000]))


def free_products(product: Product) -> int:
    """Products free to be used, by the mirror, less what is promised already and has not been carried out."""
    inventory = Inventory.objects.filter(product=product).first()
    if inventory is None:
        return 0
    promised = Subscriber.objects.filter(product=product, state=Subscriber.State.REQUESTED).count()
    leaving = Order.objects.filter(product=product, type=Order.Type.DECREMENT).on_their_way()
    return inventory.available - promised - sum(leaving.values_list("quantity", flat=True))


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


# --- Orders -------------------------------------------------------------------------------------------------------


@carries_out(ORDER_PRODUCTS)
def _place_order(work: Work) -> RemoteOrder:
    """Read the inventory, keep it as evidence, then order: an order costs a month's money, a reading nothing."""
    client, payload = KandyClient(work.http), work.operation.payload
    stock = _stock(client, payload["product"])
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
        return Absent(_("The inventory had not been read yet, so the order had not left."))
    client, payload = KandyClient(work.http), work.operation.payload
    stock = _stock(client, payload["product"])
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
        return Absent(_("No such order is listed, and the inventory has not moved."), evidence)
    if len(candidates) == 1 and moved == _effect(candidates[0]):
        return Found(candidates[0], _("The order is listed, and the inventory moved by exactly that."), evidence)
    return CannotTell(_("The orders listed and how the inventory moved do not tell the same."), evidence)


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


def _stock(client: KandyClient, product: str) -> RemoteInventory:
    """The vendor's count of one product; a product that it does not list has none. Raises VendorProtocolError."""
    for inventory in client.inventory():
        if inventory.product == product:
            if inventory.available > inventory.total:
                raise VendorProtocolError("the vendor says that more products are free than there are")
            return inventory
    return RemoteInventory(product=product, total=0, available=0)


# --- Subscribers --------------------------------------------------------------------------------------------------


@prepares(CREATE_SUBSCRIBER)
@prepares(DELETE_SUBSCRIBER)
def _in_use_before(operation: Operation) -> dict[str, int]:
    """How many products are in use, by a mirror young enough to be evidence."""
    inventory = _mirrored(operation)
    if inventory is None or timezone.now() - inventory.read_at > EVIDENCE_AGE:
        return {}
    return {"in_use": inventory.in_use}


@carries_out(CREATE_SUBSCRIBER)
def _create_subscriber(work: Work) -> RemoteSubscriber:
    client, payload = KandyClient(work.http), work.operation.payload
    _keep_count(work, client)
    return client.create_subscriber(payload["username"], product=payload["product"])


@absorbs(CREATE_SUBSCRIBER)
def _subscriber_created(operation: Operation, answer: RemoteSubscriber | PersonSays | None) -> None:
    subscriber = _subject(operation)
    absorb.subscriber_created(subscriber, answer if isinstance(answer, RemoteSubscriber) else None)
    if isinstance(answer, PersonSays) and answer.reference:
        subscriber.vendor_id = answer.reference
        subscriber.save(update_fields=["vendor_id"])


@settles(CREATE_SUBSCRIBER)
def _settle_create_subscriber(work: Work) -> Verdict:
    """Found: exactly one more product in use than before, with nothing else in the lane."""
    return _settle_by_count(work, effect=+1)


@reverts(CREATE_SUBSCRIBER)
def _subscriber_not_created(operation: Operation) -> None:
    Subscriber.objects.filter(pk=_subject_pk(operation)).update(state=Subscriber.State.FAILED)
    if operation.status != Status.WAITING:
        absorb.ask_for_reading(operation.connection_id)


@carries_out(DELETE_SUBSCRIBER)
def _delete_subscriber(work: Work) -> object:
    client = KandyClient(work.http)
    _keep_count(work, client)
    return client.delete_subscriber(work.operation.payload["subscriber_id"])


@absorbs(DELETE_SUBSCRIBER)
def _subscriber_deleted(operation: Operation, answer: object) -> None:
    absorb.subscriber_deleted(_subject(operation))


@settles(DELETE_SUBSCRIBER)
def _settle_delete_subscriber(work: Work) -> Verdict:
    """Found: exactly one product less in use than before. If not, it is sent again: to delete what is gone is a success."""
    return _settle_by_count(work, effect=-1)


@reverts(DELETE_SUBSCRIBER)
def _subscriber_not_deleted(operation: Operation) -> None:
    Subscriber.objects.filter(pk=_subject_pk(operation)).update(state=Subscriber.State.ACTIVE)


def _subject_pk(operation: Operation) -> int:
    assert operation.subject_id is not None, "these kinds are promised with their subject"
    return operation.subject_id


def _subject(operation: Operation) -> Subscriber:
    return Subscriber.objects.select_for_update(of=("self",)).get(pk=_subject_pk(operation))


def _settle_by_count(work: Work, *, effect: int) -> Verdict:
    before = work.sending_facts()
    if "in_use" not in before:
        return Absent(_("It had not left when its worker ended."))
    now = _stock(KandyClient(work.http), work.operation.payload["product"]).in_use
    evidence = {"in_use_before": before["in_use"], "in_use_now": now}
    if now == before["in_use"]:
        return Absent(_("As many products are in use as before."), evidence)
    if now == before["in_use"] + effect:
        return Found(None, _("The number of products in use changed by exactly this one."), evidence)
    return CannotTell(_("The number of products in use changed by something else as well."), evidence)


def _keep_count(work: Work, client: KandyClient) -> None:
    """Where the mirror was too old to be evidence, ask the vendor before anything leaves."""
    if "in_use" not in work.attempt.facts:
        work.remember(in_use=_in_use_now(work, client))


def _in_use_now(work: Work, client: KandyClient) -> int:
    """How many products are in use, read from the vendor now.

    Nothing else is under way in this lane, so the count that is read is also what the mirror may believe.
    """
    operation, read_at = work.operation, timezone.now()
    stock = _stock(client, operation.payload["product"])
    with tenant_scope(operation.tenant_id):
        if inventory := _mirrored(operation):
            Inventory.objects.filter(pk=inventory.pk).update(
                total=stock.total, available=stock.available, read_at=read_at
            )
    return stock.in_use


def _mirrored(operation: Operation) -> Inventory | None:
    return Inventory.objects.filter(
        product__connection_id=operation.connection_id, product__name=operation.payload["product"]
    ).first()
