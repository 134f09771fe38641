"""What the drill asks for: every order of a connection has a quantity of its own, every subscriber and every SIP account a name
of its own, so that the vendor's ledger of effects can be laid beside the journal without guessing."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from provisioning.models import Order, Product, Subscriber
from provisioning.operations import NotPromised, create_subscriber, delete_subscriber, order_products
from telephony.models import SipAccount
from telephony.operations import Wanted, create_sip_account, delete_sip_account

ROOMY = 1000


@dataclass
class Account:
    """One tenant's account at the vendors, and what was asked for over it; `telephony_id` is the other connection, if any."""

    tenant: Tenant
    client_id: str
    connection_id: int
    rng: random.Random
    telephony_id: int | None = None
    quantities: Iterator[int] = field(default_factory=lambda: count(1))
    names: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self) -> bool:
        """Promise one thing, chosen by the seed. False when it was stopped here (nothing was promised)."""
        with tenant_scope(self.tenant.pk):
            telephones = (5, 2) if self.telephony_id else (0, 0)
            asked = [self._order, self._subscribe, self._unsubscribe, self._make_account, self._delete_account]
            try:
                self.rng.choices(asked, weights=[4, 5, 2, *telephones])[0]()
            except NotPromised:
                return False
        return True

    @property
    def _product(self) -> Product:
        return Product.objects.select_related("connection__tenant").get(connection_id=self.connection_id)

    def _order(self) -> None:
        kind = Order.Type.DECREMENT if self.rng.random() < 0.25 else Order.Type.INCREMENT
        order_products(self._product, kind, next(self.quantities), acting_user=None)

    def _subscribe(self) -> None:
        create_subscriber(self._product, f"user{next(self.names)}", acting_user=None)

    def _unsubscribe(self) -> None:
        living = Subscriber.objects.filter(product=self._product, state=Subscriber.State.ACTIVE).exclude(vendor_id="")
        if (subscriber := living.order_by("pk").first()) is None:
            raise NotPromised("nobody to delete")
        delete_subscriber(subscriber, acting_user=None)

    def _make_account(self) -> None:
        connection = Connection.objects.select_related("tenant").get(pk=self.telephony_id)
        create_sip_account(connection, f"phone{next(self.names)}", Wanted(name="Drill"), acting_user=None)

    def _delete_account(self) -> None:
        living = SipAccount.objects.filter(state=SipAccount.State.ACTIVE).exclude(vendor_id="")
        if (account := living.order_by("pk").first()) is None:
            raise NotPromised("nothing to delete")
        delete_sip_account(account, acting_user=None)


# Of a hundred calls that change something about a third go wrong, in every way the sandbox knows; reads fail too.
FAULTS = [
    {"kind": "lost_answer", "method": "POST", "probability": 0.07},
    {"kind": "no_work_lost", "method": "POST", "probability": 0.05},
    {"kind": "late_work", "seconds": 0.5, "method": "POST", "probability": 0.04},
    {"kind": "lost_answer", "seconds": 1.6, "method": "POST", "probability": 0.02},
    {"kind": "status", "status": 500, "method": "POST", "probability": 0.03},
    {"kind": "status", "status": 502, "after_work": True, "method": "POST", "probability": 0.03},
    {"kind": "reset", "after_work": True, "method": "POST", "probability": 0.03},
    {"kind": "broken_json", "method": "POST", "probability": 0.03},
    {"kind": "redirect", "after_work": True, "method": "POST", "probability": 0.02},
    {"kind": "wrong_shape", "method": "POST", "probability": 0.02},
    {"kind": "throttle", "seconds": 1, "method": "POST", "probability": 0.01},
    {"kind": "lost_answer", "method": "DELETE", "probability": 0.15},
    {"kind": "no_work_lost", "method": "DELETE", "probability": 0.1},
    {"kind": "status", "status": 503, "method": "GET", "probability": 0.05},
    {"kind": "broken_json", "method": "GET", "probability": 0.03},
    {"kind": "slow_bytes", "seconds": 0.01, "method": "GET", "probability": 0.02},
    {"kind": "status", "status": 503, "path": "/oauth", "probability": 0.1},
]
