"""What is believed of a tenant's video products: orders, inventory, subscribers, and the ledger of inventory changes."""

from provisioning.models.drifts import Drift, DriftQuerySet, MirrorState
from provisioning.models.ledger import EFFECTIVE_AT, InventoryChange, InventoryChangeQuerySet, MonthPeak, UseChange
from provisioning.models.orders import Order, OrderQuerySet
from provisioning.models.products import VIDEO_PRODUCT, Inventory, Product, ProductQuerySet
from provisioning.models.sizing import SizingPlan, SizingPlanQuerySet
from provisioning.models.subscribers import LIVING, Subscriber, SubscriberQuerySet

__all__ = [
    "EFFECTIVE_AT",
    "LIVING",
    "VIDEO_PRODUCT",
    "Drift",
    "DriftQuerySet",
    "Inventory",
    "InventoryChange",
    "InventoryChangeQuerySet",
    "MirrorState",
    "MonthPeak",
    "Order",
    "OrderQuerySet",
    "Product",
    "ProductQuerySet",
    "SizingPlan",
    "SizingPlanQuerySet",
    "Subscriber",
    "SubscriberQuerySet",
    "UseChange",
]
