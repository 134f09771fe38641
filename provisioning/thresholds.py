"""From where on a tenant's people want to be told: few products free, a high peak, a dear month, the agreed limit near.

Looked at wherever stock or ledger move, and after each reading; where no threshold is set, nothing is asked of the database.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from portal.audit.trail import record
from portal.notices.raising import raise_notice, resolve_notices
from portal.notices.registry import Kind
from provisioning import ledger
from provisioning.models import Inventory, Product
from provisioning.notices import COST, FREE, LIMIT, PEAK
from provisioning.usage import Usage, usage_now


@dataclass(frozen=True)
class Thresholds:
    """None: not wanted. `free_below` and `peak_above` are products, `cost_above` is EUR of the month."""

    free_below: int | None
    peak_above: int | None
    cost_above: Decimal | None
    limit_percent: int | None


@transaction.atomic
def set_thresholds(product: Product, thresholds: Thresholds, *, acting_user: Any) -> Product:
    """Keep from where on people are told; what is passed already is told now. Writes nothing when all are as they were."""
    locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    before = thresholds_of(locked)
    if before == thresholds:
        return locked
    for name, value in asdict(thresholds).items():
        setattr(locked, f"warn_{name}", value)
    locked.save(update_fields=[f"warn_{name}" for name in asdict(thresholds)])
    record(
        "provisioning.thresholds_set", locked, before=_told(before), after=_told(thresholds), acting_user=acting_user
    )
    _follow(locked)
    return locked


def thresholds_of(product: Product) -> Thresholds:
    return Thresholds(
        product.warn_free_below, product.warn_peak_above, product.warn_cost_above, product.warn_limit_percent
    )


def look(product: Product) -> None:
    """Stock or ledger of `product` may have changed: tell which thresholds are passed. In the caller's transaction."""
    if any(value is not None for value in asdict(thresholds_of(product)).values()):
        _follow(product)


def free_moved(product_id: int, now: int, by: int, below: int | None) -> None:
    """`now` are free, `by` more than before. Asks nothing of the database unless the threshold `below` was passed."""
    if below is not None and (now < below) != (now - by < below):
        _follow_free(Product.objects.get(pk=product_id), now)


def _follow(product: Product) -> None:
    free = Inventory.objects.filter(product=product).values_list("available", flat=True).first()
    if free is not None:
        _follow_free(product, free)
    product.ledger_level = ledger.level(product)  # type: ignore[attr-defined]
    usage = usage_now(product, on_their_way=[])
    if usage is not None:
        _follow_month(product, usage)
        _follow_limit(product, usage.level)


def _follow_free(product: Product, free: int) -> None:
    below = product.warn_free_below
    _tell(FREE, product, "stock", below is not None and free < below, free=free, below=below)


def _follow_month(product: Product, usage: Usage) -> None:
    month, peak = f"{usage.first:%Y-%m}", usage.peak.proven.value
    above, dear = product.warn_peak_above, product.warn_cost_above
    _tell(PEAK, product, month, above is not None and peak > above, peak=peak, above=above)
    _tell(COST, product, month, dear is not None and usage.cost > dear, cost=str(usage.cost), above=str(dear))


def _follow_limit(product: Product, level: int) -> None:
    """The vendor's limit is on the value of the whole stock by the price of one, as in `forecast.over_limit`."""
    percent, limit, value = product.warn_limit_percent, product.limit_eur, product.unit_price * level
    reached = percent is not None and bool(limit) and value * 100 >= (limit or 0) * percent
    reached_percent = int(value * 100 // limit) if limit else 0
    _tell(LIMIT, product, "limit", reached, percent=reached_percent, value=str(value), limit=str(limit))


def _tell(kind: Kind, product: Product, which: str, passed: bool, **args: Any) -> None:
    """Open while `passed`; a notice of another month is over."""
    key = f"{product.pk}:{which}"
    resolve_notices(kind, product.tenant_id, product.pk, but=key if passed else None)
    if passed:
        known = {"product": product.name, "connection": product.connection_id}
        raise_notice(kind, product.tenant_id, key, {**known, **args}, subject=product)


def _told(thresholds: Thresholds) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(thresholds).items()}
