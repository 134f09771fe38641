"""How one answer of the vendor changes the mirror. Each function runs in the caller's transaction and may run twice."""

import hashlib
import hmac
from functools import cache
from operator import attrgetter

from django.conf import settings
from django.utils import timezone

from portal.vendors import mirrors
from telephony.client import RemoteScript, RemoteSipAccount
from telephony.models import ExternalScript, MirrorState, SipAccount
from telephony.scripts.addresses import script_at

# Of an account, alike here and there.
SAME = ["username", "name", "internal_name", "internal_number", "external_name", "external_number", "mwi_account"]
WRITTEN = ["state", "vendor_id", "password", "fingerprint", "vendor_created_at", "vendor_updated_at", *SAME]


def account_told(account: SipAccount, remote: RemoteSipAccount) -> None:
    """Believe what the vendor shows of an account: it is there."""
    take_over(account, remote)
    account.save(update_fields=WRITTEN)


def take_over(account: SipAccount, remote: RemoteSipAccount) -> None:
    """As `account_told`, without writing it down. A password that was not told is kept."""
    for name in SAME:
        setattr(account, name, getattr(remote, name))
    account.vendor_id = remote.id
    if remote.password:
        account.password = remote.password
    account.vendor_created_at, account.vendor_updated_at = remote.created_at, remote.updated_at
    account.fingerprint = fingerprint_of(account.tenant_id, remote)
    if account.state in (SipAccount.State.REQUESTED, SipAccount.State.FAILED):
        account.state = SipAccount.State.ACTIVE


def account_made(account: SipAccount) -> None:
    """It is there, but what the vendor calls it and its password are not known until the next reading."""
    SipAccount.objects.filter(pk=account.pk).update(state=SipAccount.State.ACTIVE)
    ask_for_reading(account.connection_id)


def account_deleted(account: SipAccount) -> None:
    """Its password is of no more use to anybody."""
    account.state, account.deleted_at, account.password, account.fingerprint = (
        SipAccount.State.DELETED,
        timezone.now(),
        "",
        "",
    )
    account.registration, account.status_read_at = SipAccount.Registration.UNTOLD, None
    account.save(update_fields=["state", "deleted_at", "password", "fingerprint", "registration", "status_read_at"])


def script_told(script: ExternalScript, remote: RemoteScript) -> None:
    """Believe what the vendor shows of the script. By its address it is known whether it is one of ours."""
    if not script.url or script.url.reveal() != remote.url:
        script.hosted = script_at(remote.url)
    script.vendor_id, script.name, script.url = remote.id, remote.name, remote.url
    script.vendor_created_at, script.vendor_updated_at = remote.created_at, remote.updated_at
    script.read_at = timezone.now()
    script.save()


def ask_for_reading(connection_id: int) -> None:
    """The vendor said something that our mirror did not expect: read it again soon."""
    mirrors.ask_for_reading(MirrorState, connection_id)


def fingerprint_of(tenant_id: int, remote: RemoteSipAccount) -> str:
    """The same for the same account, password included; nothing of it can be read from it (HMAC-SHA256, RFC 2104)."""
    told = (tenant_id, remote.id, remote.password, *_same(remote), remote.created_at, remote.updated_at)
    return hmac.digest(_key(), repr(told).encode("utf-8", "surrogatepass"), "sha256").hex()


_same = attrgetter(*SAME)


@cache
def _key() -> bytes:
    """Of no use for opening anything."""
    return hashlib.sha256(b"fingerprints of SIP accounts:" + settings.SECRET_KEY.encode()).digest()
