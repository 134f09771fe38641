"""What this app tells the shared parts about the vendor it wraps."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.vendors.http import VendorHttp
from portal.vendors.models import Connection
from portal.vendors.registry import Vendor
from provisioning.client import KandyClient
from provisioning.models import VIDEO_PRODUCT, MirrorState, Product


def probe(http: VendorHttp) -> str:
    """Read the inventory: the smallest read that shows that token, address and subscription fit."""
    inventory = KandyClient(http).inventory()
    if not inventory:
        return _("Connected. The inventory is empty: no products have been ordered yet.")
    return _("Connected. %(total)s products, %(available)s of them free.") % {
        "total": sum(each.total for each in inventory),
        "available": sum(each.available for each in inventory),
    }


def prepare(connection: Connection) -> None:
    """What a new connection needs from the start: its product, and a mirror that is read at once."""
    Product.objects.get_or_create(
        connection=connection, name=VIDEO_PRODUCT, defaults={"tenant_id": connection.tenant_id}
    )
    MirrorState.objects.get_or_create(connection=connection, defaults={"tenant_id": connection.tenant_id})


KANDY = Vendor(
    key="kandy",
    label=gettext_lazy("Kandy video"),
    summary=gettext_lazy("Video and voice in your application: products, subscribers, credentials for the SDK."),
    default_base_url=lambda: settings.KANDY_BASE_URL,
    default_token_url=lambda: settings.KPN_TOKEN_URL,
    probe=probe,
    home="provisioning:dashboard",
    created=prepare,
)
