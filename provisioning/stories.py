"""The texts to send to the vendor about an order or a subscriber."""

from datetime import UTC, datetime

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from portal.vendors.models import Call
from provisioning.models import Order, Subscriber

VENDOR, PORTAL = "Kandy", "Patchbay"


def with_vendor_request_id(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Each with `vendor_request_id`: the vendor's own id of the call that placed it, "" when it is not known any more."""
    placed = Call.objects.filter(operation_id=OuterRef("operation_id"), method="POST", path__endswith="/order")
    newest = Subquery(placed.order_by("-pk").values("vendor_request_id")[:1])
    return orders.annotate(vendor_request_id=Coalesce(newest, Value("")))


def request_for_vendor(order: Order, request_id: str) -> str:
    """A message about an order that stays pending, ready to be sent to the vendor. In English, times in UTC."""
    lines = [
        "Order pending, please look into it.",
        "",
        f"Order number: {order.number}",
        f"Product: {order.product.name}",
        f"Type and quantity: {order.type}, {order.quantity}",
        f"Placed at: {_utc(order.vendor_created_at or order.created_at)}",
        f"Status when last read: {order.status}",
    ]
    if request_id:
        lines.append(f"Request ID of the order call: {request_id}")
    return "\n".join(lines)


def request_for_credentials(subscriber: Subscriber) -> str:
    """A message that asks the vendor for the ID of a subscriber whose answer was lost. In English, times in UTC."""
    return "\n".join(
        [
            "The answer to a call that created a subscriber did not reach us.",
            "Please tell us its subscriber ID and identity.",
            "",
            f"Username: {subscriber.username}",
            f"Product: {subscriber.product.name}",
            f"Asked for at: {_utc(subscriber.created_at)}",
        ]
    )


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
