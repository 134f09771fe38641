from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RealtimeConfig(AppConfig):
    name = "realtime"
    verbose_name = _("Live calls")

    def ready(self) -> None:
        from portal.vendors.registry import register
        from realtime import presence
        from realtime.connecting import KWEBBL

        register(KWEBBL)
        presence.register()
