"""Where live calls show themselves on pages that all apps share."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.audit import labels
from portal.bulk import registry as bulk_kinds
from portal.lists import registry as lists
from portal.notices import registry as notice_kinds
from portal.operations import subjects
from portal.operations.models import Operation
from portal.search import registry as search
from portal.tenancy.roles import Role
from portal.ui import charges, first_steps, navigation
from portal.ui import home as ui_home
from portal.ui.navigation import NavItem
from portal.vendors import home as vendors_home
from realtime import home, notices, usage
from realtime.callback.lists import CALLBACK_REQUESTS
from realtime.calls.models import CallAction
from realtime.cards.bulk import DELETE_CARDS, IMPORT_CARDS
from realtime.cards.lists import CARDS
from realtime.cards.search import CARD_KIND, CARD_NUMBERS
from realtime.grants import notices as grant_notices
from realtime.grants.lists import GRANTS
from realtime.hooks.lists import DELIVERIES
from realtime.hooks.notices import ENDPOINT_DISABLED
from realtime.models import Extension, Subscription
from realtime.search import EXTENSIONS, calls_of

SECTION = _("Live calls")
ACTS: dict[str, object] = {
    "realtime.consent_begun": _("Asked for a permission at the vendor"),
    "realtime.consent_refused": _("Permission at the vendor not given"),
    "realtime.connected": _("Connected live calls"),
    "realtime.grant_ended": _("Permission ended"),
    "realtime.grant_lost": _("Permission lost"),
    "realtime.asking_changed": _("Changed how permissions are asked for"),
    "realtime.extension_found": _("Extension found"),
    "realtime.extension_changed_at_vendor": _("Extension changed at the vendor"),
    "realtime.extension_gone_at_vendor": _("Extension gone at the vendor"),
    "realtime.extension_linked": _("Said whose telephone it is"),
    "realtime.caller_id_set": _("Caller ID set"),
    "realtime.subscription_made": _("Subscription to call events made"),
    "realtime.subscription_found_again": _("Subscription found again"),
    "realtime.subscription_gone_at_vendor": _("Subscription gone at the vendor"),
    "realtime.stray_subscription_found": _("Somebody else's subscription found"),
    "realtime.card_added": _("Customer card added"),
    "realtime.card_changed": _("Customer card changed"),
    "realtime.card_deleted": _("Customer card deleted"),
    "realtime.cards_kept": _("Customer cards imported"),
    "realtime.card_link_changed": _("Where customer cards lead was changed"),
    "realtime.callback_form_added": _("Call-me-back form made"),
    "realtime.callback_form_changed": _("Call-me-back form changed"),
    "realtime.callback_form_deleted": _("Call-me-back form deleted"),
    "realtime.callback_requested": _("A visitor asked to be called back"),
    "realtime.endpoint_added": _("Outgoing webhook added"),
    "realtime.endpoint_changed": _("Outgoing webhook changed"),
    "realtime.endpoint_deleted": _("Outgoing webhook deleted"),
    "realtime.endpoint_secret_made": _("New secret of an outgoing webhook"),
    "realtime.endpoint_enabled": _("Outgoing webhook enabled"),
    "realtime.endpoint_disabled": _("Outgoing webhook disabled"),
    "realtime.endpoint_tried": _("Outgoing webhook tried"),
    "realtime.delivery_resent": _("Message to a webhook sent again"),
}


def register() -> None:
    for item in (
        NavItem(_("Live board"), "realtime:board", "activity", Role.VIEWER, 500, SECTION),
        NavItem(pgettext_lazy("telephone", "Calls"), "realtime:calls", "history", Role.VIEWER, 505, SECTION),
        NavItem(_("Directory"), "realtime:directory", "users", Role.VIEWER, 510, SECTION),
        NavItem(_("Customer cards"), "realtime:cards", "user", Role.VIEWER, 540, SECTION),
        NavItem(_("Call me back"), "realtime:callback_requests", "phone", Role.VIEWER, 550, SECTION),
        NavItem(_("Webhooks"), "realtime:endpoints", "send", Role.ADMIN, 555, SECTION),
        NavItem(_("Event subscriptions"), "realtime:subscriptions", "bell", Role.ADMIN, 560, SECTION),
        NavItem(_("Events"), "realtime:events", "list", Role.OPERATOR, 570, SECTION),
        NavItem(_("Connect"), "realtime:connect", "plug-connected", Role.VIEWER, 590, SECTION),
    ):
        navigation.register(item)
    labels.register(ACTS)
    search.register(EXTENSIONS)
    search.register(CARD_KIND)
    search.register(CARD_NUMBERS)
    search.register_jump("realtime", calls_of)
    for kind in (IMPORT_CARDS, DELETE_CARDS):
        bulk_kinds.register(kind)
    usage.register()
    vendors_home.register_along(home.ALONG, home.along)
    ui_home.register(ui_home.HomeCard("realtime", home.card, order=500))
    ui_home.register_matters("realtime", home.matters, order=500)
    first_steps.register("realtime", home.steps, order=500)
    charges.register("realtime", home.charges)
    subjects.register(CallAction._meta.label_lower, _board)
    subjects.register(Extension._meta.label_lower, _extension_page)
    subjects.register(Subscription._meta.label_lower, _subscriptions_page)
    for spec in (GRANTS, CARDS, CALLBACK_REQUESTS, DELIVERIES):
        lists.register(spec)
    notice_kinds.register(*notices.KINDS)
    notice_kinds.register(*grant_notices.KINDS, ENDPOINT_DISABLED)


def _extension_page(operation: Operation) -> tuple[Any, str]:
    return _("The extension"), reverse("realtime:extension", args=[operation.tenant.slug, operation.subject_id])


def _subscriptions_page(operation: Operation) -> tuple[Any, str]:
    address = reverse("realtime:subscriptions", args=[operation.tenant.slug])
    return _("The subscriptions"), f"{address}?connection={operation.connection_id}"


def _board(operation: Operation) -> tuple[Any, str]:
    return _("The live board"), reverse("realtime:board", args=[operation.tenant.slug])
