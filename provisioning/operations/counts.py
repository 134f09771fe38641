"""How many products there are, and how their number moving is evidence of what became of a subscriber."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.operations.models import Operation
from portal.operations.registry import Absent, CannotTell, Found, Verdict
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorProtocolError
from provisioning.client import KandyClient, RemoteInventory
from provisioning.models import Inventory, Order, Product, Subscriber

# A count older than this is read again before it may serve as evidence.
EVIDENCE_AGE = timedelta(minutes=5)


def free_products(product: Product) -> int:
    """Products free to be used, by the mirror, less what is promised already and has not been carried out."""
    inventory = Inventory.objects.filter(product=product).first()
    if inventory is None:
        return 0
    promised = Subscriber.objects.filter(product=product, state=Subscriber.State.REQUESTED).count()
    leaving = Order.objects.filter(product=product, type=Order.Type.DECREMENT).on_their_way()
    return inventory.available - promised - sum(leaving.values_list("quantity", flat=True))


def stock_of(client: KandyClient, product: str) -> RemoteInventory:
    """The vendor's count of one product; a product that it does not list has none. Raises VendorProtocolError."""
    for inventory in client.inventory():
        if inventory.product == product:
            if inventory.available > inventory.total:
                raise VendorProtocolError("the vendor says that more products are free than there are")
            return inventory
    return RemoteInventory(product=product, total=0, available=0)


def in_use_before(operation: Operation) -> dict[str, int]:
    """How many products are in use, by a mirror young enough to be evidence."""
    inventory = _mirrored(operation)
    if inventory is None or timezone.now() - inventory.read_at > EVIDENCE_AGE:
        return {}
    return {"in_use": inventory.in_use}


def settle_by_count(work: Work, *, effect: int) -> Verdict:
    before = work.sending_facts()
    if "in_use" not in before:
        return Absent(gettext_noop("It had not left when its worker ended."))
    now = stock_of(KandyClient(work.http), work.operation.payload["product"]).in_use
    evidence = {"in_use_before": before["in_use"], "in_use_now": now}
    if now == before["in_use"]:
        return Absent(gettext_noop("As many products are in use as before."), evidence)
    if now == before["in_use"] + effect:
        return Found(None, gettext_noop("The number of products in use changed by exactly this one."), evidence)
    return CannotTell(gettext_noop("The number of products in use changed by something else as well."), evidence)


def keep_count(work: Work, client: KandyClient) -> None:
    """Where the mirror was too old to be evidence, ask the vendor before anything leaves."""
    if "in_use" not in work.attempt.facts:
        work.remember(in_use=_in_use_now(work, client))


def _in_use_now(work: Work, client: KandyClient) -> int:
    """How many products are in use, read from the vendor now.

    Nothing else is under way in this lane, so the count that is read is also what the mirror may believe.
    """
    operation, read_at = work.operation, timezone.now()
    stock = stock_of(client, operation.payload["product"])
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
