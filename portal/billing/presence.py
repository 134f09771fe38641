"""Where money shows itself on pages that all apps share: the sidebar, lists, the audit trail."""

from django.utils.translation import gettext_lazy as _

from portal.audit import labels
from portal.billing.lists import STATEMENTS
from portal.lists.registry import register as register_list
from portal.tenancy.roles import Role
from portal.ui.navigation import NavItem, register

SECTION = _("Billing")


def register_pages() -> None:
    register(NavItem(_("This month"), "billing:month", "report-money", Role.BILLING, 700, SECTION))
    register(NavItem(_("Statements"), "billing:statements", "receipt", Role.BILLING, 710, SECTION))
    register(NavItem(_("History"), "billing:history", "history", Role.BILLING, 720, SECTION))
    register(NavItem(_("Mailing"), "billing:mailing", "mail", Role.BILLING, 730, SECTION))
    register_list(STATEMENTS)
    labels.register({"billing.statement_downloaded": _("Statement downloaded")})
