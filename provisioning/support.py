"""What the support desk asks of a video operation: what it costs a month, and by which names the vendor knows it."""

from collections.abc import Sequence
from decimal import Decimal

from portal.operations.models import Operation
from portal.operations.registry import Stake, costs, identifies
from provisioning.models import Order, Subscriber
from provisioning.operations import CREATE_SUBSCRIBER, DELETE_SUBSCRIBER, ORDER_PRODUCTS


@costs(ORDER_PRODUCTS)
def _cost_of_orders(operations: Sequence[Operation]) -> dict[int, Stake]:
    """Increments alone: quantity by the agreed price. A price of zero is one that nobody has entered."""
    increments = Order.objects.filter(operation__in=operations, type=Order.Type.INCREMENT)
    rows = increments.values_list("operation_id", "quantity", "product__unit_price")
    return {pk: Stake(_month(quantity, price)) for pk, quantity, price in rows if pk}


def _month(quantity: int, price: Decimal) -> Decimal | None:
    return quantity * price if price else None


@identifies(ORDER_PRODUCTS)
def _names_of_order(operation: Operation) -> list[tuple[str, str]]:
    number = Order.objects.filter(operation=operation).values_list("number", flat=True).first()
    return [("Order number", number or "")]


@identifies(CREATE_SUBSCRIBER)
@identifies(DELETE_SUBSCRIBER)
def _names_of_subscriber(operation: Operation) -> list[tuple[str, str]]:
    known = Subscriber.objects.filter(pk=operation.subject_id or 0).values_list("vendor_id", "identity").first()
    vendor_id, identity = known or ("", "")
    return [("Subscriber ID", vendor_id), ("Identity", identity)]
