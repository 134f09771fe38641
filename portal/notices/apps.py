from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    name = "portal.notices"
    label = "notices"
    verbose_name = _("Notices")

    def ready(self) -> None:
        from portal.notices.bell import unread
        from portal.notices.checks import check_portal_url
        from portal.ui.navigation import NavItem, register

        checks.register(check_portal_url, deploy=True)
        register(NavItem(_("Notices"), "notices:notices", icon="bell", order=105, waiting=unread))
