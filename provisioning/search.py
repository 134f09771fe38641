"""Subscribers and orders in the search."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.search.registry import Description, SearchKind
from portal.tenancy.roles import Role
from provisioning.models import Order, Subscriber


def describe_subscriber(row: Mapping[str, Any]) -> Description:
    shown = Subscriber(username=row["username"], state=row["state"], vendor_id=row["vendor_id"])
    return Description(row["username"], row["identity"], shown.condition)


def describe_order(row: Mapping[str, Any]) -> Description:
    sign = "+" if row["type"] == Order.Type.INCREMENT else "−"
    return Description(row["number"], f"{sign}{row['quantity']} × {row['product']}", row["status"])


SUBSCRIBERS = SearchKind(
    "provisioning.subscriber",
    _("Subscribers"),
    "users",
    Role.VIEWER,
    Subscriber,
    values={name: name for name in ("username", "identity", "state", "vendor_id")},
    describe=describe_subscriber,
    url=lambda slug, pk: reverse("provisioning:subscriber", args=[slug, pk]),
    list_name="provisioning:subscribers",
    list_filters={"state": "all"},
    order=200,
)
ORDERS = SearchKind(
    "provisioning.order",
    _("Orders"),
    "shopping-cart",
    Role.VIEWER,
    Order,
    values={"number": "number", "type": "type", "quantity": "quantity", "status": "status", "product": "product__name"},
    describe=describe_order,
    url=lambda slug, pk: reverse("provisioning:order", args=[slug, pk]),
    list_name="provisioning:orders",
    order=210,
)
