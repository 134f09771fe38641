from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from portal.operations.attention import needing_a_person
        from portal.operations.checks import check_times
        from portal.operations.home import attention_card
        from portal.ui import home
        from portal.ui.navigation import NavItem, register

        checks.register(check_times)
        home.register(home.HomeCard("attention", attention_card, order=110))

        register(NavItem(_("Activity"), "operations:operations", icon="activity", order=100, waiting=needing_a_person))
