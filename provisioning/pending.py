"""After how many days on its way an order is worth a word: each product's people say, and are told once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value
from django.db.models.expressions import CombinedExpression

from portal.audit.trail import record
from portal.notices.watching import State
from provisioning.models import Order, Product
from provisioning.notices import order_args

MOST_DAYS = 366


@transaction.atomic
def set_pending_days(product: Product, days: int | None, *, acting_user: Any) -> Product:
    """Keep after how many days people are told; None: not at all. Writes nothing when it is so already."""
    locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    before = locked.warn_pending_days
    if before == days:
        return locked
    locked.warn_pending_days = days
    locked.save(update_fields=["warn_pending_days"])
    record(
        "provisioning.thresholds_set",
        locked,
        before={"pending_days": before},
        after={"pending_days": days},
        acting_user=acting_user,
    )
    return locked


def overdue_orders(now: datetime) -> Iterator[State]:
    """Asked for more days ago than their product's people allow, and neither fulfilled nor refused since."""
    on_their_way = Order.objects.on_their_way().filter(
        product__warn_pending_days__isnull=False, tenant__state="active", created_at__lt=_latest(now)
    )
    for order in on_their_way.select_related("product"):
        days = order.product.warn_pending_days
        yield State(order.tenant_id, order.pk, {**order_args(order), "days": days}, order)


def _latest(now: datetime) -> CombinedExpression:
    """When an order was asked for at the latest, to have been on its way for that long."""
    allowed = ExpressionWrapper(
        Value(timedelta(days=1)) * F("product__warn_pending_days"), output_field=DurationField()
    )
    return Value(now, output_field=DateTimeField()) - allowed
