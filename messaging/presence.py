"""Where messaging shows itself on pages that all apps share."""

from django.utils.translation import gettext_lazy as _

from portal.audit import labels
from portal.tenancy.roles import Role
from portal.ui import navigation
from portal.ui.navigation import NavItem

SECTION = _("Messaging")
ACTS: dict[str, object] = {}


def register() -> None:
    navigation.register(NavItem(_("Campaigns"), "messaging:campaigns", "message", Role.VIEWER, 400, SECTION))
    labels.register(ACTS)
