"""What this app tells the shared parts about the vendor it wraps."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.vendors.http import VendorHttp
from portal.vendors.models import Connection
from portal.vendors.registry import Vendor
from telephony.client import ApidazeClient
from telephony.models import MirrorState


def probe(http: VendorHttp) -> str:
    """Read the external script: the smallest read that shows that token, address and subscription fit.

    The script's address is not told: who knows a hosted one can read the script.
    """
    if ApidazeClient(http).scripts():
        return _("Connected. The domain has its external script.")
    return _("Connected. The domain has no external script yet.")


def prepare(connection: Connection) -> None:
    """What a new connection needs from the start: a mirror that is read at once."""
    MirrorState.objects.get_or_create(connection=connection, defaults={"tenant_id": connection.tenant_id})


APIDAZE = Vendor(
    key="apidaze",
    label=gettext_lazy("Apidaze telephony"),
    summary=gettext_lazy("SIP accounts for telephones, and the script that answers calls to your numbers."),
    default_base_url=lambda: settings.APIDAZE_BASE_URL,
    default_token_url=lambda: settings.KPN_TOKEN_URL,
    probe=probe,
    home="telephony:sip_accounts",
    created=prepare,
)
