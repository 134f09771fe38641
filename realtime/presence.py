"""Where live calls show themselves on pages that all apps share."""

from django.utils.translation import gettext_lazy as _

from portal.audit import labels
from portal.lists import registry as lists
from portal.notices import registry as notice_kinds
from portal.tenancy.roles import Role
from portal.ui import navigation
from portal.ui.navigation import NavItem
from realtime.grants import notices
from realtime.grants.lists import GRANTS

SECTION = _("Live calls")
ACTS: dict[str, object] = {
    "realtime.consent_begun": _("Asked for a permission at the vendor"),
    "realtime.consent_refused": _("Permission at the vendor not given"),
    "realtime.connected": _("Connected live calls"),
    "realtime.grant_ended": _("Permission ended"),
    "realtime.grant_lost": _("Permission lost"),
    "realtime.asking_changed": _("Changed how permissions are asked for"),
}


def register() -> None:
    navigation.register(NavItem(_("Live board"), "realtime:board", "activity", Role.VIEWER, 500, SECTION))
    navigation.register(NavItem(_("Connect"), "realtime:connect", "plug-connected", Role.VIEWER, 590, SECTION))
    labels.register(ACTS)
    lists.register(GRANTS)
    notice_kinds.register(*notices.KINDS)
