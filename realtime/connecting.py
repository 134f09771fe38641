"""What this app tells the shared parts about the vendor it wraps."""

from urllib.parse import urljoin

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.vendors.http import VendorHttp
from portal.vendors.models import Connection
from portal.vendors.registry import Vendor
from realtime.grants.moving import forget_grants
from realtime.grants.tokens import CompanyTokens
from realtime.models import RealtimeAccount


def probe(http: VendorHttp) -> str:
    """Read the directory: the smallest read that a grant allows."""
    http.get("/extensions")
    return _("Connected. The directory can be read.")


def prepare(connection: Connection) -> None:
    """What a new connection needs from the start: where its people consent."""
    RealtimeAccount.objects.get_or_create(
        connection=connection,
        defaults={
            "tenant_id": connection.tenant_id,
            "authorize_url": _consent_page(connection),
        },
    )


def follow(connection: Connection, base_url_before: str) -> None:
    """Another address or application: what was allowed for the one before says nothing, and its tokens go nowhere else."""
    forget_grants(connection)
    if connection.base_url != base_url_before:
        RealtimeAccount.objects.filter(connection=connection).update(authorize_url=_consent_page(connection))


def _consent_page(connection: Connection) -> str:
    return urljoin(connection.base_url.rstrip("/") + "/", "authorize")


KWEBBL = Vendor(
    key="kwebbl",
    label=gettext_lazy("Kwebbl live calls"),
    summary=gettext_lazy("Who is on the phone, and a hand on the call."),
    default_base_url=lambda: settings.KWEBBL_BASE_URL,
    default_token_url=lambda: settings.KWEBBL_BASE_URL.rstrip("/") + "/token",
    probe=probe,
    home="realtime:board",
    consent="realtime:connect",
    created=prepare,
    changed=follow,
    tokens=CompanyTokens,
    token_path="/token",  # noqa: S106 - a path
)
