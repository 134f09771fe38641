"""What the drill asks for: every order of a connection has a quantity of its own, every subscriber a name of its own, so that
the vendor's ledger of effects can be laid beside the journal without guessing."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from provisioning.models import Order, Product, Subscriber
from provisioning.operations import NotPromised, create_subscriber, delete_subscriber, order_products

ROOMY = 1000


@dataclass
class Account:
    """One tenant's account at the vendor, and what was asked for over it."""

    tenant: Tenant
    client_id: str
    connection_id: int
    rng: random.Random
    quantities: Iterator[int] = field(default_factory=lambda: count(1))
    names: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self) -> bool:
        """Promise one thing, chosen by the seed. False when it was stopped here (nothing was promised)."""
        with tenant_scope(self.tenant.pk):
            product = Product.objects.select_related("connection__tenant").get(connection_id=self.connection_id)
            try:
                self.rng.choices([self._order, self._subscribe, self._unsubscribe], weights=[4, 5, 2])[0](product)
            except NotPromised:
                return False
        return True

    def _order(self, product: Product) -> None:
        kind = Order.Type.DECREMENT if self.rng.random() < 0.25 else Order.Type.INCREMENT
        order_products(product, kind, next(self.quantities), acting_user=None)

    def _subscribe(self, product: Product) -> None:
        create_subscriber(product, f"user{next(self.names)}", acting_user=None)

    def _unsubscribe(self, product: Product) -> None:
        living = Subscriber.objects.filter(product=product, state=Subscriber.State.ACTIVE).exclude(vendor_id="")
        if (subscriber := living.order_by("pk").first()) is None:
            raise NotPromised("nobody to delete")
        delete_subscriber(subscriber, acting_user=None)


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
