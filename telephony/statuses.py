"""Is a telephone signed in with an account? Read in the background, a few accounts a minute, the longest unread first.

The vendor tells it of one account at a time, so reading all of them at once would spend the quota that changes need. A
connection that is in trouble, or has to be quiet, is not asked at all.
"""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.errors import VendorError, VendorProtocolError, VendorRefused
from portal.vendors.line import Line
from portal.vendors.models import Connection, ConnectionQuerySet
from telephony.client import ApidazeClient, RemoteSipStatus
from telephony.models import MirrorState, SipAccount

TURN = timedelta(minutes=1)
# A vendor that is slow ends a turn before the next one begins.
MOST_SECONDS = 50.0
MOST_AT_ONCE = 200


def due_connections() -> list[tuple[int, int]]:
    """(tenant, connection) of those with a status to read whose minute is over; all tenants."""
    with staff_scope():
        unread = SipAccount.objects.filter(_unread(), connection=OuterRef("connection"))
        mirrors = MirrorState.objects.filter(
            Exists(unread), statuses_due_at__lte=Now(), connection__in=_well(), tenant__state="active"
        )
        return list(mirrors.order_by("statuses_due_at").values_list("tenant_id", "connection_id")[:MOST_AT_ONCE])


def read_statuses(tenant_id: int, connection_id: int) -> None:
    """Read as many as the connection's minute allows; does nothing in a minute that another worker has."""
    connection, due = _claim(tenant_id, connection_id)
    if connection is None:
        return
    line = Line(connection)
    client, ends = ApidazeClient(line.http), time.monotonic() + MOST_SECONDS
    for pk, vendor_id in due:
        if not _read(client, line, pk, vendor_id) or time.monotonic() > ends:
            return


def _claim(tenant_id: int, connection_id: int) -> tuple[Connection | None, list[tuple[int, str]]]:
    with tenant_scope(tenant_id):
        mine = MirrorState.objects.filter(connection_id=connection_id, statuses_due_at__lte=Now())
        connection = _well().select_related("tenant").filter(pk=connection_id).first()
        if connection is None or not mine.update(statuses_due_at=Now() + TURN):
            return None, []
        return connection, _due_accounts(connection)


def _due_accounts(connection: Connection) -> list[tuple[int, str]]:
    """(account, its id at the vendor): those never read, the newest first, then those read the longest ago."""
    most = settings.SIP_STATUS_READS_A_MINUTE
    rows = SipAccount.objects.filter(_unread(), connection=connection).values_list("pk", "vendor_id")
    never = list(rows.filter(status_read_at=None).order_by("-pk")[:most])
    return never + list(rows.exclude(status_read_at=None).order_by("status_read_at")[: most - len(never)])


def _unread() -> Q:
    stale = timezone.now() - timedelta(seconds=settings.SYNC_SECONDS)
    return Q(state=SipAccount.State.ACTIVE) & ~Q(vendor_id="") & (Q(status_read_at=None) | Q(status_read_at__lt=stale))


def _well() -> ConnectionQuerySet:
    quiet = Q(health__quiet_until=None) | Q(health__quiet_until__lte=Now())
    return Connection.objects.usable().filter(quiet, health__trouble="")


def _read(client: ApidazeClient, line: Line, pk: int, vendor_id: str) -> bool:
    """Read one and write it down. May the next one be read at once?"""
    told: RemoteSipStatus | None = None
    trouble: VendorError | None = None
    try:
        told = client.sip_status(vendor_id)
    except (VendorRefused, VendorProtocolError):
        # Of this account the vendor says nothing; why it does is for the reading of all accounts to find.
        told = None
    except VendorError as error:
        trouble = error
    with tenant_scope(line.connection.tenant_id):
        if trouble is None:
            _note(pk, told)
        wait = line.close(trouble)
    return trouble is None and not wait


def _note(pk: int, told: RemoteSipStatus | None) -> None:
    news: dict[str, Any] = {
        "registration": told.registration if told else SipAccount.Registration.UNTOLD,
        "status_read_at": Now(),
    }
    if told and told.domain:
        news["domain"] = told.domain[:200]
    SipAccount.objects.filter(pk=pk, state=SipAccount.State.ACTIVE).update(**news)
