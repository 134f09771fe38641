"""Differences between belief and fact: noted by every reading, decided by people. Nothing is ordered by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.audit.trail import record
from portal.vendors.drifts import decide
from portal.vendors.models import Connection
from provisioning import absorb, ledger, notices
from provisioning.models import Drift, Inventory, Order, Product

Kind = Drift.Kind


class NotAdopted(Exception):
    """The difference has changed or gone since it was shown; `str()` is a sentence for the person."""


@dataclass(frozen=True)
class Difference:
    """What one reading found. `key` tells several of one kind apart (an order's number)."""

    kind: str
    product: Product | None
    key: str
    ours: Any
    theirs: Any

    @property
    def identity(self) -> tuple[str, int | None, str]:
        return (self.kind, self.product.pk if self.product else None, self.key)


def compare(connection: Connection, found: Iterable[Difference], judged: Iterable[Product], seen_at: datetime) -> None:
    """Note what was found, and that what was open for the judged products and is found no more went away."""
    products = {product.pk for product in judged}
    still_open: dict[tuple[str, int | None, str], Drift] = {
        (drift.kind, drift.product_id, drift.key): drift
        for drift in Drift.objects.open().filter(connection=connection).select_for_update(of=("self",))
        if drift.product_id in products
    }
    new = []
    for difference in found:
        drift = still_open.pop(difference.identity, None)
        if drift is None:
            new.append(_note(connection, difference, seen_at))
        else:
            _see_again(drift, difference, seen_at)
    gone = [drift.pk for drift in still_open.values()]
    Drift.objects.filter(pk__in=gone).update(state=Drift.State.GONE, decided_at=seen_at)
    notices.differences_found(connection, new)
    if gone:
        notices.differences_settled(connection.tenant_id, connection.pk)


def _note(connection: Connection, difference: Difference, seen_at: datetime) -> Drift:
    drift = Drift.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        product=difference.product,
        kind=difference.kind,
        key=difference.key,
        ours=difference.ours,
        ours_at=seen_at,
        theirs=difference.theirs,
        first_seen_at=seen_at,
        last_seen_at=seen_at,
    )
    record(
        "provisioning.difference_found",
        drift,
        after={"ours": difference.ours, "theirs": difference.theirs},
        acting_user=None,
    )
    return drift


def _see_again(drift: Drift, difference: Difference, seen_at: datetime) -> None:
    drift.ours, drift.theirs, drift.ours_at, drift.last_seen_at = (
        difference.ours,
        difference.theirs,
        seen_at,
        seen_at,
    )
    drift.save(update_fields=["ours", "theirs", "ours_at", "last_seen_at"])


@transaction.atomic
def adopt(drift: Drift, *, reason: str, acting_user: Any) -> Drift:
    """Believe the vendor from now on: the ledger, the orders or the count of foreign use follow. Raises NotAdopted."""
    drift = _lock(drift)
    {
        Kind.TOTAL: _adopt_total,
        Kind.IN_USE: _adopt_in_use,
        Kind.UNKNOWN_ORDER: _adopt_order,
        Kind.MISSING_ORDER: _adopt_absence,
    }[Kind(drift.kind)](drift)
    return _decide(drift, Drift.State.ADOPTED, reason, acting_user)


@transaction.atomic
def mark_repaired(drift: Drift, *, reason: str, acting_user: Any) -> Drift:
    """A person has put it right, here or at the vendor; if not, the next reading notes it again. Raises NotAdopted."""
    drift = _decide(_lock(drift), Drift.State.REPAIRED, reason, acting_user)
    absorb.ask_for_reading(drift.connection_id)
    return drift


def _lock(drift: Drift) -> Drift:
    locked = Drift.objects.select_for_update(of=("self",)).select_related("product").get(pk=drift.pk)
    if locked.state != Drift.State.OPEN:
        raise NotAdopted(_("This difference is no longer open."))
    if (locked.ours, locked.theirs) != (drift.ours, drift.theirs):
        raise NotAdopted(_("This difference has changed since you saw it: look at it again, nothing was adopted."))
    return locked


def _decide(drift: Drift, state: Drift.State, reason: str, acting_user: Any) -> Drift:
    decide(drift, state, reason=reason, acting_user=acting_user)
    record(
        f"provisioning.difference_{state.value}",
        drift,
        before={"ours": drift.ours},
        after={"theirs": drift.theirs},
        reason=reason,
        acting_user=acting_user,
    )
    notices.differences_settled(drift.tenant_id, drift.connection_id)
    return drift


def _adopt_total(drift: Drift) -> None:
    """The ledger takes what is missing now, which may be less than when it was seen: an order may have explained some."""
    product = _product_of(drift)
    missing = _count(drift.theirs) - (ledger.level(product) or 0)
    if missing:
        ledger.count_difference(product, missing)


def _adopt_in_use(drift: Drift) -> None:
    inventory = Inventory.objects.select_for_update(of=("self",)).get(product=_product_of(drift))
    inventory.foreign_in_use += _count(drift.theirs) - _count(drift.ours)
    inventory.save(update_fields=["foreign_in_use"])


def _count(value: Any) -> int:
    """Of a total or of what is in use, both sides are numbers."""
    return int(value)


def _adopt_order(drift: Drift) -> None:
    told: Any = drift.theirs
    order, _created = Order.objects.get_or_create(
        connection_id=drift.connection_id,
        number=drift.key,
        defaults={
            "tenant_id": drift.tenant_id,
            "product": _product_of(drift),
            "type": told["type"],
            "quantity": told["quantity"],
            "status": told["status"],
            "created_at": _time(told["created_at"]) or drift.first_seen_at,
            "vendor_created_at": _time(told["created_at"]),
            "fulfilled_at": _time(told["fulfilled_at"]),
            "seen_fulfilled_at": drift.first_seen_at if told["fulfilled_at"] else None,
        },
    )
    if order.status == Order.Status.FULFILLED:
        ledger.count_order(order)
    absorb.ask_for_reading(drift.connection_id)


def _adopt_absence(drift: Drift) -> None:
    """The vendor lists it no more: one that was still pending will not come."""
    Order.objects.filter(connection_id=drift.connection_id, number=drift.key, status=Order.Status.PENDING).update(
        status=Order.Status.REJECTED
    )


def _product_of(drift: Drift) -> Product:
    if drift.product is None:
        raise NotAdopted(_("This difference belongs to no product."))
    return drift.product


def _time(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
