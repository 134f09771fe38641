"""What happened to an order or a subscriber, told as a timeline, and the texts to send to the vendor about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.operations.models import Status
from portal.vendors.models import Call
from provisioning.models import Order, Subscriber

VENDOR, PORTAL = "Kandy", "Patchbay"


@dataclass(frozen=True)
class Event:
    """One line of a timeline, as the component `timeline` prints it."""

    at: datetime
    who: str
    text: str
    detail: str = ""


def order_events(order: Order) -> list[Event]:
    """Oldest first. `order` with its operation and who asked for it."""
    return sorted(_order_events(order), key=lambda event: event.at)


def _order_events(order: Order) -> Iterator[Event]:
    if order.operation_id:
        yield Event(order.created_at, _who(order.requested_by), _("Ordered here"))
    if order.vendor_created_at:
        detail = _("Order number %(number)s") % {"number": order.number} if order.number else ""
        yield Event(order.vendor_created_at, _("%(who)s's time") % {"who": VENDOR}, _("Taken by the vendor"), detail)
    if order.fulfilled_at:
        yield Event(order.fulfilled_at, _("%(who)s's time") % {"who": VENDOR}, _("Fulfilled by the vendor"))
    if order.seen_fulfilled_at:
        yield Event(order.seen_fulfilled_at, PORTAL, _("Seen fulfilled; entered into the ledger"))
    operation = order.operation
    if operation and operation.ended_at and operation.status in (Status.REFUSED, Status.CANCELLED):
        text = _("Refused by the vendor") if operation.status == Status.REFUSED else _("Cancelled before it had effect")
        yield Event(operation.ended_at, PORTAL, text)


def subscriber_events(subscriber: Subscriber) -> list[Event]:
    """Oldest first. `subscriber` with who asked for it."""
    return sorted(_subscriber_events(subscriber), key=lambda event: event.at)


def _subscriber_events(subscriber: Subscriber) -> Iterator[Event]:
    yield Event(subscriber.created_at, _who(subscriber.requested_by), _("Asked for here"))
    if subscriber.vendor_created_at:
        at, who = subscriber.vendor_created_at, _("%(who)s's time") % {"who": VENDOR}
        yield Event(at, who, _("Created by the vendor"))
    if subscriber.deleted_at:
        yield Event(subscriber.deleted_at, PORTAL, _("Deleted"))


def _who(person: Any) -> str:
    return str(person) if person else PORTAL


# --- For the vendor -----------------------------------------------------------------------------------------------


def request_id_of(order: Order) -> str:
    """The vendor's own id of the call that placed the order; "" when it is not known any more."""
    if not order.operation_id:
        return ""
    placed = Call.objects.filter(operation_id=order.operation_id, method="POST", path__endswith="/order")
    return placed.order_by("-pk").values_list("vendor_request_id", flat=True).first() or ""


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
