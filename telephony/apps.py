from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TelephonyConfig(AppConfig):
    name = "telephony"
    verbose_name = _("Telephony")

    def ready(self) -> None:
        from portal.local.demo import register as register_demo
        from portal.vendors.registry import register
        from telephony import demo, lists, operations, presence, support
        from telephony.connecting import APIDAZE

        # Its kinds of operations, and what support asks about them, register themselves when the modules are read.
        assert operations
        assert support
        register(APIDAZE)
        presence.register()
        lists.register_lists()
        register_demo(demo.load)
