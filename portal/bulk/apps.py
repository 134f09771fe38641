from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BulkConfig(AppConfig):
    name = "portal.bulk"
    label = "bulk"
    verbose_name = _("Bulk work")

    def ready(self) -> None:
        from portal.audit import labels
        from portal.bulk import notices
        from portal.notices import registry as notice_kinds
        from portal.tenancy.roles import Role
        from portal.ui.navigation import NavItem, register

        notice_kinds.register(*notices.KINDS)
        labels.register(
            {
                "bulk.started": _("Bulk work started"),
                "bulk.undo_asked": _("Bulk work taken back"),
                "bulk.discarded": _("Bulk work discarded"),
            }
        )
        register(NavItem(_("Bulk work"), "bulk:batches", icon="upload", role=Role.OPERATOR, order=120))
