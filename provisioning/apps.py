from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvisioningConfig(AppConfig):
    name = "provisioning"
    verbose_name = _("Video")

    def ready(self) -> None:
        from portal.local.demo import register as register_demo
        from portal.vendors.registry import register
        from provisioning import demo, lists, operations, presence, support
        from provisioning.connecting import KANDY

        # Its kinds of operations, and what support asks about them, register themselves when the modules are read.
        assert operations
        assert support
        register(KANDY)
        presence.register()
        lists.register_lists()
        register_demo(demo.load)
