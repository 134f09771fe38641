from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VendorsConfig(AppConfig):
    name = "portal.vendors"
    label = "vendors"
    verbose_name = _("Vendors")

    def ready(self) -> None:
        from portal.audit import timeline as timelines
        from portal.lists.registry import register as register_list
        from portal.notices import registry as notice_kinds
        from portal.notices.watching import watch
        from portal.search import registry as search
        from portal.tenancy.roles import Role
        from portal.ui import first_steps, home
        from portal.ui.navigation import NavItem, register
        from portal.vendors import lists, notices
        from portal.vendors.home import connections_card, matters, steps
        from portal.vendors.models import Connection
        from portal.vendors.search import CONNECTIONS
        from portal.vendors.timeline import SOURCES

        for spec in (lists.CONNECTIONS, lists.CALLS):
            register_list(spec)
        notice_kinds.register(*notices.KINDS)
        for kind, look in notices.WATCHES:
            watch(kind, look)
        timelines.register(*SOURCES)
        timelines.register_page(Connection, "vendors:connection")
        search.register(CONNECTIONS)
        home.register_matters("connections", matters, order=20)
        first_steps.register("connections", steps, order=0)
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
