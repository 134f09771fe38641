"""Where video shows itself on pages that all apps share: sidebar, home page, activity."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.audit import labels
from portal.operations import subjects
from portal.operations.models import Operation
from portal.tenancy.roles import Role
from portal.ui import home, navigation
from portal.ui.navigation import NavItem
from provisioning.models import Drift, Order, Product, Subscriber

SECTION = _("Video")
ACTS = {
    "provisioning.price_set": _("Price and limit set"),
    "provisioning.credentials_revealed": _("Credentials shown"),
    "provisioning.subscriber_id_entered": _("Subscriber ID entered"),
    "provisioning.subscriber_declared_gone": _("Subscriber declared gone"),
    "provisioning.subscriber_deletion_by_staff": _("Subscriber deleted by support"),
    "provisioning.order_changed": _("Order changed at the vendor"),
    "provisioning.difference_found": _("Difference found"),
    "provisioning.difference_adopted": _("Difference adopted"),
    "provisioning.difference_repaired": _("Difference marked as repaired"),
}


def register() -> None:
    for item in (
        NavItem(_("Overview"), "provisioning:dashboard", "chart-line", Role.VIEWER, 200, SECTION),
        NavItem(_("Orders"), "provisioning:orders", "shopping-cart", Role.VIEWER, 210, SECTION),
        NavItem(_("Subscribers"), "provisioning:subscribers", "users", Role.VIEWER, 220, SECTION),
        NavItem(
            _("Differences"), "provisioning:differences", "arrows-exchange", Role.VIEWER, 230, SECTION, open_differences
        ),
    ):
        navigation.register(item)
    labels.register(ACTS)
    home.register(home.HomeCard("video", home_card, order=200))
    subjects.register(Order._meta.label_lower, _order_page)
    subjects.register(Subscriber._meta.label_lower, _subscriber_page)


def open_differences(request: HttpRequest) -> QuerySet[Drift]:
    return Drift.objects.open()


def home_card(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    """Stock of each connection; stays away from tenants without video."""
    products = list(Product.objects.for_desk().filter(connection__vendor="kandy")[:4])
    return ("provisioning/_home_card.html", {"products": products}) if products else None


def _order_page(operation: Operation) -> tuple[Any, str]:
    return _("The order"), reverse("provisioning:order", args=[operation.tenant.slug, operation.subject_id])


def _subscriber_page(operation: Operation) -> tuple[Any, str]:
    return _("The subscriber"), reverse("provisioning:subscriber", args=[operation.tenant.slug, operation.subject_id])
