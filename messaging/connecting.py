"""What this app tells the shared parts about the vendor it wraps."""

from django.conf import settings
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import SmsAccount
from portal import turns
from portal.vendors.http import VendorHttp
from portal.vendors.line import Line
from portal.vendors.models import Connection
from portal.vendors.registry import Vendor

READ_KEYS = "messaging.tasks.read_keys"


def probe(http: VendorHttp) -> str:
    """The API has nothing to read: that a token is given shows that the credentials fit."""
    http.sign_in()
    return _("Connected. The vendor takes the credentials; nothing was sent.")


def prepare(connection: Connection) -> None:
    """What a new connection needs from the start: a place for what is known of it, and the keys that reports are signed with.

    A report whose key is not known is refused, and the vendor posts it again after a minute at the earliest.
    """
    SmsAccount.objects.get_or_create(
        connection=connection,
        defaults={"tenant_id": connection.tenant_id, "keys_url": settings.KPN_KEYS_BASE_URL},
    )
    turns.ring_after_commit(READ_KEYS, connection.tenant_id, connection.pk)


def led_elsewhere(connection: Connection, base_url: str) -> None:
    """Another account signs with other keys."""
    SmsAccount.objects.filter(connection=connection).update(keys_asked_at=Now(), keys_due_at=Now())
    turns.ring_after_commit(READ_KEYS, connection.tenant_id, connection.pk)


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
    changed=led_elsewhere,
)
