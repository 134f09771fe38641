"""What a person can ask of Kandy, how it is carried out there, and how an unknown outcome is settled.

All operations on one product of one connection share a lane: the evidence of a lost answer is how the inventory moved,
and that can only be read while nothing else moves it.
"""

from provisioning.operations.counts import free_products
from provisioning.operations.identity import declare_gone, enter_subscriber_id, reveal_password
from provisioning.operations.orders import LARGEST_QUANTITY, ORDER_PRODUCTS, order_products
from provisioning.operations.refusals import NoProductFree, NotPromised
from provisioning.operations.rules import LONGEST_TEMPORARY, check_end, check_username
from provisioning.operations.subscribers import (
    CREATE_SUBSCRIBER,
    DELETE_SUBSCRIBER,
    Wanted,
    create_subscriber,
    create_subscribers,
    delete_subscriber,
    delete_subscribers,
)
from provisioning.operations.temporary import end_temporary_subscribers, tenants_with_ending_subscribers

__all__ = [
    "CREATE_SUBSCRIBER",
    "DELETE_SUBSCRIBER",
    "LARGEST_QUANTITY",
    "LONGEST_TEMPORARY",
    "ORDER_PRODUCTS",
    "NoProductFree",
    "NotPromised",
    "Wanted",
    "check_end",
    "check_username",
    "create_subscriber",
    "create_subscribers",
    "declare_gone",
    "delete_subscriber",
    "delete_subscribers",
    "end_temporary_subscribers",
    "enter_subscriber_id",
    "free_products",
    "order_products",
    "reveal_password",
    "tenants_with_ending_subscribers",
]
