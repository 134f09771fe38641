from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ListsConfig(AppConfig):
    name = "portal.lists"
    label = "lists"
    verbose_name = _("Lists")

    def ready(self) -> None:
        from portal.audit import labels
        from portal.lists import notices
        from portal.notices import registry as notice_kinds

        notice_kinds.register(*notices.KINDS)
        labels.register(
            {
                "lists.exported": _("Exported a list"),
                "lists.export_asked": _("Asked for an export"),
                "lists.export_downloaded": _("Downloaded an export"),
                "lists.export_discarded": _("Discarded an export"),
                "lists.filter_shared": _("Shared a filter"),
                "lists.filter_removed": _("Removed a shared filter"),
            }
        )
