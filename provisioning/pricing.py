"""What the tenant agreed with the vendor about money: price and limit of a product. The API tells neither."""

from decimal import Decimal
from typing import Any

from django.db import transaction

from portal.audit.trail import record
from provisioning.models import Product


@transaction.atomic
def set_price(product: Product, *, unit_price: Decimal, limit_eur: Decimal | None, acting_user: Any) -> Product:
    """Keep what was agreed: EUR for each product and month, and EUR a month up to which orders need no approval.

    `limit_eur` None: no limit is known. Writes nothing when both are as they were.
    """
    locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    before, after = _terms(locked), {"unit_price": str(unit_price), "limit_eur": _text(limit_eur)}
    if (locked.unit_price, locked.limit_eur) == (unit_price, limit_eur):
        return locked
    locked.unit_price, locked.limit_eur = unit_price, limit_eur
    locked.save(update_fields=["unit_price", "limit_eur"])
    record("provisioning.price_set", locked, before=before, after=after, acting_user=acting_user)
    return locked


def _terms(product: Product) -> dict[str, str | None]:
    return {"unit_price": str(product.unit_price), "limit_eur": _text(product.limit_eur)}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
