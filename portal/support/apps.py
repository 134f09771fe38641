from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

ACTS = {
    "support.visit_started": _("Support began a visit"),
    "support.page_viewed": _("Support looked at a page"),
    "support.form_sent": _("Support sent a form"),
    "support.visit_ended": _("A visit of support ended"),
    "staff.incident_noted": _("Wrote a note about an incident"),
}


class SupportConfig(AppConfig):
    name = "portal.support"
    label = "support"
    verbose_name = _("Support desk")

    def ready(self) -> None:
        from portal.audit import labels
        from portal.support import desk_inboxes, desk_pages
        from portal.support.incidents import being_open
        from portal.tenancy.roles import Role
        from portal.ui.navigation import NavItem, register

        desk_pages.register()
        desk_inboxes.register(
            desk_inboxes.Inbox(_("Incidents at vendors"), "admin:support_vendorhealth_changelist", being_open)
        )
        labels.register(ACTS)
        register(
            NavItem(
                _("Visits of support"), "visits:visits", icon="eye", role=Role.ADMIN, order=890, section=_("Company")
            )
        )
