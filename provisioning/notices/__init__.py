"""What people are told of video, by subject: each module has its kinds, their words, and what is told where it happens."""

from provisioning.notices import differences, orders, right_sizing, temporary, thresholds
from provisioning.notices.differences import DIFFERENCE, differences_found, differences_settled
from provisioning.notices.orders import FULFILLED, OVERDUE, REJECTED, STUCK, order_args, order_moved, stuck_orders
from provisioning.notices.right_sizing import (
    SIZED,
    SIZING_BLOCKED,
    SIZING_IN_VAIN,
    SPARE,
    right_sizing_blocked,
    right_sizing_in_vain,
    right_sizing_over,
    right_sizing_placed,
)
from provisioning.notices.temporary import TEMPORARY, temporary_ended
from provisioning.notices.thresholds import COST, FREE, LIMIT, PEAK

KINDS = [*orders.KINDS, *differences.KINDS, *thresholds.KINDS, *temporary.KINDS, *right_sizing.KINDS]

__all__ = [
    "COST",
    "DIFFERENCE",
    "FREE",
    "FULFILLED",
    "KINDS",
    "LIMIT",
    "OVERDUE",
    "PEAK",
    "REJECTED",
    "SIZED",
    "SIZING_BLOCKED",
    "SIZING_IN_VAIN",
    "SPARE",
    "STUCK",
    "TEMPORARY",
    "differences_found",
    "differences_settled",
    "order_args",
    "order_moved",
    "right_sizing_blocked",
    "right_sizing_in_vain",
    "right_sizing_over",
    "right_sizing_placed",
    "stuck_orders",
    "temporary_ended",
]
