from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from portal.audit import timeline as timelines
        from portal.lists.registry import register as register_list
        from portal.notices import registry as notice_kinds
        from portal.operations import bulk, notices
        from portal.operations.attention import needing_a_person
        from portal.operations.checks import check_times
        from portal.operations.home import matters
        from portal.operations.lists import OPERATIONS as LIST
        from portal.operations.models import Operation
        from portal.operations.search import OPERATIONS
        from portal.operations.timeline import SOURCES
        from portal.search import registry as search
        from portal.ui import home
        from portal.ui.navigation import NavItem, register

        checks.register(check_times)
        timelines.register(*SOURCES)
        timelines.register_page(Operation, "operations:operation")
        notice_kinds.register(*notices.KINDS)
        search.register(OPERATIONS)
        bulk.register_kinds()
        register_list(LIST)
        home.register_matters("operations", matters, order=10)

        register(
            NavItem(
                _("Activity"), "operations:operations", icon="activity", order=100, waiting=needing_a_person, key="a"
            )
        )
