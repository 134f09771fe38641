from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "portal.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from portal.audit import labels, timeline
        from portal.audit.acts import ACTS
        from portal.audit.lists import ENTRIES
        from portal.lists.registry import register as register_list
        from portal.tenancy.roles import Role
        from portal.ui.navigation import NavItem, register

        # Those of the portal's own apps; a vendor app registers its own.
        for known in (labels.OPERATIONS, labels.PEOPLE, labels.ACCOUNTS, labels.STAFF, labels.CONNECTIONS):
            labels.register(known)
        timeline.register(ACTS)
        register_list(ENTRIES)
        register(NavItem(_("Audit"), "audit:entries", icon="history", role=Role.ADMIN, order=900, section=_("Company")))
