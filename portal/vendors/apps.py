from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VendorsConfig(AppConfig):
    name = "portal.vendors"
    label = "vendors"
    verbose_name = _("Vendors")

    def ready(self) -> None:
        from portal.tenancy.roles import Role
        from portal.ui import home
        from portal.ui.navigation import NavItem, register
        from portal.vendors.home import connections_card, notices_banner

        home.register(home.HomeCard("vendor-notices", notices_banner, order=10, banner=True))
        home.register(home.HomeCard("connections", connections_card, order=120))

        register(NavItem(_("Vendor calls"), "vendors:calls", icon="list", role=Role.OPERATOR, order=130))
        register(
            NavItem(
                _("Connections"),
                "vendors:connections",
                icon="plug-connected",
                role=Role.VIEWER,
                order=830,
                section=_("Company"),
            )
        )
