"""How what is believed of a telephone system follows the vendor: the directory, its caller IDs, and the subscriptions.

Level-triggered: it may run at any time, twice, or die half-way. Without a company's grant the directory rests; people's own
grants are read all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors import mirrors
from portal.vendors.errors import VendorError
from portal.vendors.line import Line
from portal.vendors.models import Connection
from realtime.client import AccessDenied, KwebblClient, Reading, RemoteExtension
from realtime.extensions import caller_ids, following
from realtime.grants.lines import ScopeMissing, line_for
from realtime.grants.models import Grant
from realtime.models import RealtimeAccount
from realtime.subscriptions import keeping, listing

TO_BE_TOLD = ("calls.events", "calls.events.presence", "calls.events.personal")
TASK = "realtime.tasks.sync_connection"


@dataclass(frozen=True)
class Directory:
    """What the company's grant was shown. `started_at` is ours, from before the first question."""

    started_at: datetime
    kinds: list[str]
    extensions: Reading[RemoteExtension]


def due_connections() -> list[tuple[int, int]]:
    """(tenant, connection) of telephone systems whose time has come and that nobody is reading; all tenants."""
    return mirrors.due(RealtimeAccount)


def refresh(connection: Connection) -> None:
    """A person wants it read now; in the caller's transaction."""
    mirrors.refresh(RealtimeAccount, connection, TASK)


def read_connection(tenant_id: int, connection_id: int) -> None:
    """Read one telephone system and let the mirror follow; does nothing while another worker reads it."""
    connection = mirrors.claim(RealtimeAccount, tenant_id, connection_id)
    if connection is None:
        return
    with tenant_scope(tenant_id):
        active = Grant.objects.filter(connection=connection, state=Grant.State.ACTIVE)
        grants = list(active.select_related("user").order_by("pk"))
    for grant in grants:
        if grant.personal:
            _read_own(connection, grant)
    company = next((grant for grant in grants if not grant.personal), None)
    if company is None:
        _rest(connection)
    else:
        _read_company(connection, company)
    with tenant_scope(tenant_id):
        keeping.keep(connection)


def _read_company(connection: Connection, grant: Grant) -> None:
    line = Line(connection)
    client = KwebblClient(line.http)
    try:
        _read_subscriptions(connection, client, grant)
        directory = _directory(client, grant)
    except VendorError as error:
        mirrors.failed(RealtimeAccount, connection, line, error)
        return
    with tenant_scope(connection.tenant_id):
        _follow(connection, directory)
    if directory:
        caller_ids.read_some(connection, client, directory.kinds)
    with tenant_scope(connection.tenant_id):
        line.close()


def _directory(client: KwebblClient, grant: Grant) -> Directory | None:
    """None where the grant is not for the directory."""
    kinds = following.kinds_seen(grant.scopes)
    return Directory(timezone.now(), kinds, client.extensions()) if kinds else None


def _read_own(connection: Connection, grant: Grant) -> None:
    """A person's own subscriptions. What goes wrong here is that grant's matter alone."""
    try:
        line = line_for(connection, grant.user, "calls.events")
    except ScopeMissing:
        return
    failure: VendorError | None = None
    try:
        _read_subscriptions(connection, KwebblClient(line.http), grant)
    except VendorError as error:
        failure = error
    with tenant_scope(connection.tenant_id):
        line.close(failure)


def _read_subscriptions(connection: Connection, client: KwebblClient, grant: Grant) -> None:
    if not set(TO_BE_TOLD).intersection(grant.scopes):
        return
    started_at = timezone.now()
    try:
        reading = client.subscriptions()
    except AccessDenied:
        # The grant was given less than was asked for; what follows from that is told where it is missed.
        return
    with tenant_scope(connection.tenant_id):
        keeping.cancel_lost(listing.follow(connection, grant, reading, started_at))


def _follow(connection: Connection, directory: Directory | None) -> None:
    mirror = RealtimeAccount.objects.select_for_update(of=("self",)).get(connection=connection)
    if directory:
        first = mirror.read_at is None
        following.follow(connection, directory.extensions, directory.kinds, directory.started_at, first=first)
        mirror.read_at = directory.started_at
    _finished(mirror, _unreadable(directory))


def _unreadable(directory: Directory | None) -> Sequence[VendorError]:
    return directory.extensions.unreadable if directory else ()


def _finished(mirror: RealtimeAccount, flaws: Sequence[VendorError]) -> None:
    mirror.asked_at, mirror.reading_until = None, None
    mirror.error, mirror.error_at = (flaws[0].message[:500], timezone.now()) if flaws else ("", None)
    mirror.due_at = timezone.now() + timedelta(seconds=settings.SYNC_SECONDS)
    mirror.save(update_fields=["read_at", "asked_at", "reading_until", "error", "error_at", "due_at"])


def _rest(connection: Connection) -> None:
    """Nobody has connected the company, or the grant was lost: nothing can be read until somebody does."""
    with tenant_scope(connection.tenant_id):
        _finished(RealtimeAccount.objects.select_for_update(of=("self",)).get(connection=connection), ())
