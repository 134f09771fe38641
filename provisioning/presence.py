"""Where video shows itself on pages that all apps share: sidebar, home page, activity."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.audit import labels
from portal.bulk import registry as bulk_kinds
from portal.notices import registry as notice_kinds
from portal.notices.watching import watch
from portal.operations import subjects
from portal.operations.models import Operation
from portal.operations.notices import tell_refusals
from portal.search import registry as search
from portal.tenancy.roles import Role
from portal.ui import charges, first_steps, navigation
from portal.ui import home as ui_home
from portal.ui.navigation import NavItem
from provisioning import bulk, home, meters, notices, pending, right_sizing, timeline
from provisioning.models import Drift, Order, Subscriber
from provisioning.operations import ORDER_PRODUCTS
from provisioning.search import ORDERS, SUBSCRIBERS

SECTION = _("Video")
ACTS = {
    "provisioning.price_set": _("Price and limit set"),
    "provisioning.thresholds_set": _("Thresholds set"),
    "provisioning.right_sizing_set": _("Right-sizing set"),
    "provisioning.right_sizing_approved": _("Removal of spare products approved"),
    "provisioning.right_sizing_cancelled": _("Removal of spare products cancelled"),
    "provisioning.right_sizing_placed": _("Removal of spare products ordered"),
    "provisioning.right_sizing_ended": _("Removal of spare products came to nothing"),
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
        NavItem(_("Orders"), "provisioning:orders", "shopping-cart", Role.VIEWER, 210, SECTION, key="o"),
        NavItem(_("Subscribers"), "provisioning:subscribers", "users", Role.VIEWER, 220, SECTION, key="s"),
        NavItem(
            _("Differences"), "provisioning:differences", "arrows-exchange", Role.VIEWER, 230, SECTION, open_differences
        ),
    ):
        navigation.register(item)
    labels.register(ACTS)
    timeline.register()
    notice_kinds.register(*notices.KINDS)
    watch(notices.STUCK, notices.stuck_orders)
    watch(notices.OVERDUE, pending.overdue_orders)
    watch(notices.SPARE, right_sizing.proposals_to_tell)
    tell_refusals(ORDER_PRODUCTS)
    bulk_kinds.register(bulk.CREATE)
    bulk_kinds.register(bulk.DELETE)
    search.register(SUBSCRIBERS)
    search.register(ORDERS)
    ui_home.register(ui_home.HomeCard("video", home.stock_card, order=200))
    ui_home.register_matters("video", home.matters, order=200)
    charges.register("video", home.charges)
    meters.register()
    first_steps.register("video", home.steps, order=200)
    subjects.register(Order._meta.label_lower, _order_page)
    subjects.register(Subscriber._meta.label_lower, _subscriber_page)


def open_differences(request: HttpRequest) -> QuerySet[Drift]:
    return Drift.objects.open()


def _order_page(operation: Operation) -> tuple[Any, str]:
    return _("The order"), reverse("provisioning:order", args=[operation.tenant.slug, operation.subject_id])


def _subscriber_page(operation: Operation) -> tuple[Any, str]:
    return _("The subscriber"), reverse("provisioning:subscriber", args=[operation.tenant.slug, operation.subject_id])
