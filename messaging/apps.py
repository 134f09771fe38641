from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")

    def ready(self) -> None:
        from messaging import presence
        from messaging.connecting import KPN_SMS
        from messaging.people.lists import register_lists
        from portal.vendors.registry import register

        register(KPN_SMS)
        presence.register()
        register_lists()
