"""Where messaging shows itself on pages that all apps share."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from messaging import home, usage
from messaging.inbound.notices import NOT_FORWARDED
from messaging.models import Batch, Campaign, CampaignQuerySet, SigningKey
from messaging.notices import campaigns as campaign_notices
from messaging.people.bulk import KINDS
from messaging.people.notices import SENDER_DECIDED
from messaging.people.search import CONTACTS
from messaging.reports import key_operations  # noqa: F401 - its kinds of operations register themselves
from messaging.reports import notices as report_notices
from messaging.search import CAMPAIGNS, messages_to
from portal.audit import labels
from portal.bulk import registry as bulk_kinds
from portal.notices import registry as notice_kinds
from portal.operations import subjects
from portal.operations.models import Operation
from portal.search import registry as search
from portal.tenancy.roles import Role
from portal.ui import charges, first_steps, navigation
from portal.ui import home as ui_home
from portal.ui.navigation import NavItem
from portal.vendors import home as vendors_home

SECTION = _("Messaging")
ACTS: dict[str, object] = {
    "messaging.contact_added": _("Contact added"),
    "messaging.contact_changed": _("Contact changed"),
    "messaging.contact_deleted": _("Contact deleted"),
    "messaging.contacts_kept": _("Contacts imported"),
    "messaging.group_made": _("Group of contacts made"),
    "messaging.group_renamed": _("Group of contacts renamed"),
    "messaging.group_deleted": _("Group of contacts deleted"),
    "messaging.group_filled": _("Contacts put into a group"),
    "messaging.group_emptied": _("Contacts taken out of a group"),
    "messaging.opted_out": _("Number put on the do-not-send list"),
    "messaging.opt_out_lifted": _("Number taken off the do-not-send list"),
    "messaging.template_added": _("Template of a text added"),
    "messaging.template_changed": _("Template of a text changed"),
    "messaging.template_deleted": _("Template of a text deleted"),
    "messaging.sender_asked": _("Sender asked for"),
    "messaging.sender_decided": _("Sender allowed or refused by support"),
    "messaging.sender_withdrawn": _("Sender given up"),
    "messaging.rules_changed": _("Sending rules changed"),
    "messaging.campaign_written": _("Campaign written"),
    "messaging.campaign_changed": _("Campaign changed"),
    "messaging.campaign_checked_again": _("Campaign checked again"),
    "messaging.campaign_characters_replaced": _("Characters of a campaign replaced"),
    "messaging.campaign_discarded": _("Campaign discarded"),
    "messaging.campaign_released": _("Released a campaign"),
    "messaging.campaign_confirmed": _("Confirmed a campaign as the second person"),
    "messaging.campaign_paused": _("Paused a campaign"),
    "messaging.campaign_resumed": _("Let a campaign go on"),
    "messaging.campaign_rest_sent_now": _("Had the rest of a campaign sent now"),
    "messaging.campaign_cancelled": _("Cancelled a campaign"),
    "messaging.campaign_stopped": _("A campaign stopped by itself"),
    "messaging.days_exported": _("SMS day by day exported"),
    "messaging.account_changed": _("Settings of an SMS account changed"),
    "messaging.key_shown": _("Secret of a signing key shown"),
    "messaging.key_fetched": _("Signing key fetched from the vendor"),
    "messaging.key_gone_at_vendor": _("Signing key gone at the vendor"),
    "messaging.keys_asked": _("Signing keys read again"),
    "messaging.number_added": _("Virtual number added"),
    "messaging.number_changed": _("Virtual number changed"),
    "messaging.number_secret_shown": _("Secret of a virtual number shown"),
}


def register() -> None:
    for item in (
        NavItem(_("Campaigns"), "messaging:campaigns", "message", Role.VIEWER, 400, SECTION, wanting_a_person, key="m"),
        NavItem(_("Messages"), "messaging:messages", "search", Role.VIEWER, 410, SECTION),
        NavItem(_("Day by day"), "messaging:days", "calendar", Role.VIEWER, 420, SECTION),
        NavItem(_("Replies"), "messaging:talks", "mail", Role.VIEWER, 415, SECTION, also=("messaging:numbers",)),
        NavItem(
            _("Delivery reports"),
            "messaging:reports_health",
            "activity",
            Role.VIEWER,
            425,
            SECTION,
            also=("messaging:keys", "messaging:account_change"),
        ),
        NavItem(_("Contacts"), "messaging:contacts", "users", Role.VIEWER, 430, SECTION, also=("messaging:groups",)),
        NavItem(_("Do-not-send list"), "messaging:opt_outs", "ban", Role.VIEWER, 435, SECTION),
        NavItem(_("Templates"), "messaging:templates", "file-text", Role.VIEWER, 440, SECTION),
        NavItem(_("Senders"), "messaging:senders", "certificate", Role.VIEWER, 445, SECTION),
        NavItem(_("Sending rules"), "messaging:rules", "adjustments", Role.VIEWER, 450, SECTION),
    ):
        navigation.register(item)
    labels.register(ACTS)
    search.register(CAMPAIGNS)
    search.register(CONTACTS)
    search.register_jump("messaging", messages_to)
    for kind in KINDS:
        bulk_kinds.register(kind)
    usage.register()
    vendors_home.register_along(home.ALONG, home.along)
    ui_home.register(ui_home.HomeCard("messaging", home.card, order=400))
    ui_home.register_matters("messaging", home.matters, order=400)
    first_steps.register("messaging", home.steps, order=400)
    charges.register("messaging", home.charges)
    subjects.register(Batch._meta.label_lower, _batch_page)
    subjects.register(SigningKey._meta.label_lower, _keys_page)
    notice_kinds.register(SENDER_DECIDED, *campaign_notices.KINDS, *report_notices.KINDS, NOT_FORWARDED)
    campaign_notices.watch()


def wanting_a_person(request: HttpRequest) -> CampaignQuerySet:
    return Campaign.objects.wanting_a_person()


def _batch_page(operation: Operation) -> tuple[Any, str]:
    return _("The batch"), reverse("messaging:batch", args=[operation.tenant.slug, operation.subject_id])


def _keys_page(operation: Operation) -> tuple[Any, str]:
    address = reverse("messaging:keys", args=[operation.tenant.slug])
    return _("The signing keys"), f"{address}?connection={operation.connection_id}"
