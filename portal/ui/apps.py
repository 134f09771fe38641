from django.apps import AppConfig
from django.core.checks import register


class UiConfig(AppConfig):
    name = "portal.ui"
    label = "ui"

    def ready(self) -> None:
        from portal.ui.navigation import check_entries

        register(check_entries)
