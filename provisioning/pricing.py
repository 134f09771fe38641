"""What the tenant agreed with the vendor about money: price and limit of a product. The API tells neither."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from portal.audit.trail import record
from portal.billing.contracts import agree, contract_at, today
from portal.billing.locking import lock_billing
from portal.billing.models import Contract
from provisioning.meters import KEY
from provisioning.models import Product


@transaction.atomic
def set_price(product: Product, *, unit_price: Decimal, limit_eur: Decimal | None, acting_user: Any) -> Product:
    """Keep what was agreed: EUR for each product and month, and EUR a month up to which orders need no approval.

    The terms hold from today on, the first ones from the beginning of the running month; free units, zone and rule stay as
    agreed before. `limit_eur` None: no limit is known. Writes nothing when both are as they were.
    """
    # In the order in which agreeing on terms locks both.
    lock_billing(product.tenant_id)
    locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    before, after = _terms(locked), {"unit_price": str(unit_price), "limit_eur": _text(limit_eur)}
    if (locked.unit_price, locked.limit_eur) == (unit_price, limit_eur):
        return locked
    locked.unit_price, locked.limit_eur = unit_price, limit_eur
    locked.save(update_fields=["unit_price", "limit_eur"])
    record("provisioning.price_set", locked, before=before, after=after, acting_user=acting_user)
    _agree(locked, unit_price, limit_eur, acting_user)
    return locked


def _agree(product: Product, unit_price: Decimal, limit_eur: Decimal | None, acting_user: Any) -> None:
    terms: dict[str, Any] = {"unit_price": unit_price, "limit_eur": limit_eur, "acting_user": acting_user}
    standing = contract_at(product.tenant_id, KEY, product.pk, today())
    if standing is None:
        agree(product.tenant, KEY, product.pk, starts_on=_beginning(product), **terms)
        return
    kept: dict[str, Any] = {"free_units": standing.free_units, "zone": standing.zone, "rule": standing.price_change}
    agree(product.tenant, KEY, product.pk, starts_on=today(standing.zone), **kept, **terms)


def _beginning(product: Product) -> date:
    """The running month's first day, or today where terms were in force in it before."""
    first = today().replace(day=1)
    others = Contract.objects.filter(tenant_id=product.tenant_id).of_meter(KEY, product.pk)
    return today() if others.between(first, today()).exists() else first


def _terms(product: Product) -> dict[str, str | None]:
    return {"unit_price": str(product.unit_price), "limit_eur": _text(product.limit_eur)}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
