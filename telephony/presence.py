"""Where telephony shows itself on pages that all apps share."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

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
from telephony import bulk, home, notices, usage
from telephony.models import Drift, ScriptChange, SipAccount
from telephony.search import SIP_ACCOUNTS

SECTION = _("Telephony")
ACTS = {
    "telephony.password_revealed": _("Password of a SIP account shown"),
    "telephony.setup_link_sent": _("Setup link sent"),
    "telephony.setup_link_opened": _("Setup link opened: the password was shown"),
    "telephony.setup_link_tried": _("Setup link tried that shows nothing any more"),
    "telephony.setup_link_revoked": _("Setup link revoked"),
    "telephony.account_changed": _("SIP account changed"),
    "telephony.account_changed_at_vendor": _("SIP account changed at the vendor"),
    "telephony.script_changed_at_vendor": _("External script changed at the vendor"),
    "telephony.script_gone_at_vendor": _("External script removed at the vendor"),
    "telephony.difference_found": _("Difference found"),
    "telephony.difference_adopted": _("Difference adopted"),
    "telephony.difference_repaired": _("Difference marked as repaired"),
    "telephony.script_created": _("Call script created"),
    "telephony.script_renamed": _("Call script renamed"),
    "telephony.script_written": _("Call script written"),
    "telephony.script_published": _("Call script published"),
    "telephony.script_withdrawn": _("Call script withdrawn"),
    "telephony.script_deleted": _("Call script deleted"),
    "telephony.script_address_shown": _("Address of a call script shown"),
    "telephony.script_address_changed": _("Call script got a new address"),
    "telephony.script_case_kept": _("Test case of a call script kept"),
    "telephony.script_case_deleted": _("Test case of a call script deleted"),
    "telephony.external_address_shown": _("Address of the external script shown"),
    "telephony.script_tried": _("External script tested"),
    "telephony.script_accepted": _("External script accepted as the vendor has it"),
}


def register() -> None:
    for item in (
        NavItem(_("SIP accounts"), "telephony:sip_accounts", "phone", Role.VIEWER, 300, SECTION, key="t"),
        NavItem(
            _("Differences"), "telephony:differences", "arrows-exchange", Role.VIEWER, 310, SECTION, open_differences
        ),
        NavItem(_("External script"), "telephony:external_script", "send", Role.VIEWER, 315, SECTION),
        NavItem(_("Call scripts"), "telephony:scripts", "file-text", Role.VIEWER, 320, SECTION),
    ):
        navigation.register(item)
    labels.register(ACTS)
    search.register(SIP_ACCOUNTS)
    bulk_kinds.register(bulk.IMPORT)
    bulk_kinds.register(bulk.DELETE)
    usage.register()
    vendors_home.register_along(home.ALONG, home.along)
    ui_home.register(ui_home.HomeCard("telephony", home.card, order=300))
    ui_home.register_matters("telephony", home.matters, order=300)
    first_steps.register("telephony", home.steps, order=300)
    charges.register("telephony", home.charges)
    subjects.register(SipAccount._meta.label_lower, _account_page)
    subjects.register(ScriptChange._meta.label_lower, _external_script_page)
    notice_kinds.register(*notices.KINDS)


def open_differences(request: HttpRequest) -> QuerySet[Drift]:
    return Drift.objects.open()


def _account_page(operation: Operation) -> tuple[Any, str]:
    return _("The SIP account"), reverse("telephony:sip_account", args=[operation.tenant.slug, operation.subject_id])


def _external_script_page(operation: Operation) -> tuple[Any, str]:
    address = reverse("telephony:external_script", args=[operation.tenant.slug])
    return _("The external script"), f"{address}?connection={operation.connection_id}"
