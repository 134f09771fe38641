from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RealtimeConfig(AppConfig):
    name = "realtime"
    verbose_name = _("Live calls")

    def ready(self) -> None:
        from portal.lists.registry import register as register_list
        from portal.local.demo import register as register_demo
        from portal.vendors.registry import register
        from realtime import demo, lists, presence, support
        from realtime.board import actions  # noqa: F401 - its operations are registered
        from realtime.calls.lists import CALLS, EVENTS
        from realtime.connecting import KWEBBL
        from realtime.extensions import operations as extension_operations
        from realtime.subscriptions import operations as subscription_operations

        # Their kinds of operations register themselves when the modules are read.
        assert extension_operations
        assert subscription_operations
        assert support
        register(KWEBBL)
        presence.register()
        lists.register_lists()
        register_list(CALLS)
        register_list(EVENTS)
        register_demo(demo.load)
