"""Where live calls show themselves on pages that all apps share."""

from django.utils.translation import gettext_lazy as _

from portal.audit import labels
from portal.tenancy.roles import Role
from portal.ui import navigation
from portal.ui.navigation import NavItem

SECTION = _("Live calls")
ACTS: dict[str, object] = {}


def register() -> None:
    navigation.register(NavItem(_("Live board"), "realtime:board", "activity", Role.VIEWER, 500, SECTION))
    labels.register(ACTS)
