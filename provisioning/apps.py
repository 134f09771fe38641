from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvisioningConfig(AppConfig):
    name = "provisioning"
    verbose_name = _("Video")

    def ready(self) -> None:
        from portal.local.demo import register as register_demo
        from portal.vendors.registry import register
        from provisioning import demo, operations, presence
        from provisioning.connecting import KANDY

        # Its kinds of operations register themselves when the module is read.
        assert operations
        register(KANDY)
        presence.register()
        register_demo(demo.load)
