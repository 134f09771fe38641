from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")

    def ready(self) -> None:
        from messaging import demo, lists, presence, support
        from messaging.campaigns import sending  # noqa: F401 - its kind of operation is known from here on
        from messaging.connecting import KPN_SMS
        from messaging.people.lists import register_lists
        from portal.local.demo import register as register_demo
        from portal.vendors.registry import register

        # What support asks about its operations registers itself when the module is read.
        assert support
        register(KPN_SMS)
        presence.register()
        register_lists()
        lists.register_lists()
        register_demo(demo.load)
