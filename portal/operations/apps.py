from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from portal.operations.attention import needing_a_person
        from portal.operations.home import attention_card
        from portal.ui import home
        from portal.ui.navigation import NavItem, register

        home.register(home.HomeCard("attention", attention_card, order=110))

        register(NavItem(_("Activity"), "operations:operations", icon="activity", order=100, badge=needing_a_person))
