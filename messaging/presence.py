"""Where messaging shows itself on pages that all apps share."""

from django.utils.translation import gettext_lazy as _

from messaging.people.bulk import KINDS
from messaging.people.notices import SENDER_DECIDED
from messaging.people.search import CONTACTS
from portal.audit import labels
from portal.bulk import registry as bulk_kinds
from portal.notices import registry as notice_kinds
from portal.search import registry as search
from portal.tenancy.roles import Role
from portal.ui import navigation
from portal.ui.navigation import NavItem

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
}


def register() -> None:
    for item in (
        NavItem(_("Campaigns"), "messaging:campaigns", "message", Role.VIEWER, 400, SECTION),
        NavItem(_("Contacts"), "messaging:contacts", "users", Role.VIEWER, 430, SECTION),
        NavItem(_("Do-not-send list"), "messaging:opt_outs", "ban", Role.VIEWER, 435, SECTION),
        NavItem(_("Templates"), "messaging:templates", "file-text", Role.VIEWER, 440, SECTION),
        NavItem(_("Senders"), "messaging:senders", "certificate", Role.VIEWER, 445, SECTION),
        NavItem(_("Sending rules"), "messaging:rules", "adjustments", Role.VIEWER, 450, SECTION),
    ):
        navigation.register(item)
    labels.register(ACTS)
    search.register(CONTACTS)
    for kind in KINDS:
        bulk_kinds.register(kind)
    notice_kinds.register(SENDER_DECIDED)
