"""What this app tells the shared parts about the vendor it wraps."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import SmsAccount
from portal.vendors.http import VendorHttp
from portal.vendors.line import Line
from portal.vendors.models import Connection
from portal.vendors.registry import Vendor


def probe(http: VendorHttp) -> str:
    """The API has nothing to read: that a token is given shows that the credentials fit."""
    http.sign_in()
    return _("Connected. The vendor takes the credentials; nothing was sent.")


def prepare(connection: Connection) -> None:
    """What a new connection needs from the start: a place for what is known of it."""
    SmsAccount.objects.get_or_create(
        connection=connection,
        defaults={"tenant_id": connection.tenant_id, "keys_url": settings.KPN_KEYS_BASE_URL},
    )


def keys_line(connection: Connection) -> Line:
    """A line to the vendor's signing-key API: another base URL, opened by the same credentials."""
    account = SmsAccount.objects.get(connection=connection)
    return Line(connection, base_url=account.keys_url or settings.KPN_KEYS_BASE_URL)


KPN_SMS = Vendor(
    key="kpn_sms",
    label=gettext_lazy("KPN SMS"),
    summary=gettext_lazy("SMS to one person or to many, with delivery reports and replies."),
    default_base_url=lambda: settings.KPN_SMS_BASE_URL,
    default_token_url=lambda: settings.KPN_TOKEN_URL,
    probe=probe,
    home="messaging:campaigns",
    created=prepare,
    personal=True,
)
