"""Testing a connection: one harmless read at the vendor, made by a worker, and what came of it kept for the page."""

import logging
import time
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.audit.trail import record
from portal.tenancy.scope import tenant_scope
from portal.tenancy.sealing import SealBroken
from portal.vendors.errors import (
    VendorConsentMissing,
    VendorCredentialsRejected,
    VendorError,
    VendorProtocolError,
    VendorThrottled,
)
from portal.vendors.http import CallRecord
from portal.vendors.line import Line
from portal.vendors.models import Connection, ConnectionState
from portal.vendors.transmission import PRIVATE

logger = logging.getLogger(__name__)

Finding = ConnectionState.Finding
# Beyond the time-outs of a token and a read with its one repeat: for the queue before the worker.
PATIENCE = timedelta(seconds=15)
# How the flaw of an exchange without an answer begins (portal.vendors.wire).
SILENCES = {
    "gaierror": Finding.NAME,
    "NameResolutionError": Finding.NAME,
    "LocationParseError": Finding.NAME,
    PRIVATE: Finding.PRIVATE,
    "ConnectionRefusedError": Finding.REFUSED,
    "SSL": Finding.TLS,
    "CertificateError": Finding.TLS,
    "no answer in time": Finding.TIMEOUT,
    "no connection in time": Finding.TIMEOUT,
    "took longer": Finding.TIMEOUT,
    "OSError": Finding.NETWORK,
}
STATUSES = {
    401: Finding.UNAUTHORIZED,
    403: Finding.FORBIDDEN,
    404: Finding.NOT_FOUND,
    405: Finding.NOT_FOUND,
    429: Finding.QUOTA,
}


class TestUnderWay(Exception):
    """The connection is being tested already; the result will show on its page."""

    __test__ = False


def patience() -> timedelta:
    """How long a test may be under way before it counts as lost."""
    return 2 * timedelta(seconds=settings.VENDOR_TOTAL_TIMEOUT) + PATIENCE


def under_way(state: ConnectionState) -> bool:
    return state.test_started_at is not None and state.test_started_at > timezone.now() - patience()


def lost(state: ConnectionState) -> bool:
    """Started, and no worker has told a result in time."""
    return state.test_started_at is not None and not under_way(state)


@transaction.atomic
def start_test(connection: Connection, *, acting_user: Any) -> None:
    """Have a worker test the connection. Raises TestUnderWay."""
    mine = ConnectionState.objects.filter(
        Q(test_started_at=None) | Q(test_started_at__lte=Now() - patience()), connection=connection
    ).update(test_started_at=Now(), token_refused_until=None)
    if not mine:
        raise TestUnderWay
    record("vendors.connection_tested", connection, acting_user=acting_user)
    transaction.on_commit(lambda: _send(connection.tenant_id, connection.pk))


def _send(tenant_id: int, connection_id: int) -> None:
    try:
        current_app.send_task(
            "portal.vendors.tasks.test_connection", args=(tenant_id, connection_id), queue="sync", retry=False
        )
    except OperationalError:
        # Nothing sweeps for it: the page says after a while that no worker came.
        logger.warning("the broker is away; connection %s will not be tested", connection_id)


def run_test(tenant_id: int, connection_id: int) -> None:
    """Read from the vendor and keep what was found. Without a test that waits for it nothing is done."""
    with tenant_scope(tenant_id):
        waiting = Connection.objects.filter(pk=connection_id, health__test_started_at__isnull=False).first()
    if waiting is None:
        return
    line, clock = Line(waiting), time.monotonic()
    error: VendorError | None = None
    try:
        found = {"test_finding": Finding.WELL, "test_detail": str(waiting.spec.probe(line.http))[:500]}
    except VendorError as failure:
        error, found = failure, _found(waiting, failure, line)
    except Exception:
        logger.exception("connection %s: our own mistake while it was tested", connection_id)
        found = {"test_finding": Finding.OUR_FAULT, "test_detail": ""}
    took = round((time.monotonic() - clock) * 1000)
    with tenant_scope(tenant_id):
        line.close(error)
        _keep(waiting, test_at_token=line.at_token, test_duration_ms=took, **found)


def _keep(connection: Connection, **found: Any) -> None:
    ConnectionState.objects.filter(connection=connection).update(
        **{"test_status": None, **found}, tested_at=timezone.now(), test_started_at=None
    )


def _found(connection: Connection, error: VendorError, line: Line) -> dict[str, Any]:
    last = line.calls[-1] if line.calls else None
    return {
        "test_finding": _sealed_for_good(connection) or finding_of(error, last, at_token=line.at_token),
        "test_status": error.status,
        "test_detail": (error.vendor_message or (last.error if last else ""))[:500],
    }


def _sealed_for_good(connection: Connection) -> str:
    try:
        connection.client_id.reveal(), connection.client_secret.reveal()
    except SealBroken:
        return Finding.SEAL
    return ""


def finding_of(error: VendorError, last: CallRecord | None, *, at_token: bool) -> Finding:
    """What is wrong, by the error and the newest exchange; `at_token`: that was with the token endpoint."""
    if isinstance(error, VendorThrottled):
        return Finding.QUOTA
    if isinstance(error, VendorConsentMissing):
        return Finding.CONSENT
    if last is None:
        return Finding.CREDENTIALS if isinstance(error, VendorCredentialsRejected) else Finding.OUR_FAULT
    if last.status is None:
        return _silence(last.error)
    if at_token and isinstance(error, VendorCredentialsRejected):
        return Finding.CREDENTIALS
    if isinstance(error, VendorProtocolError) or last.status < 300:
        return Finding.UNREADABLE
    if last.status < 400:
        return Finding.REDIRECT
    if last.status >= 500:
        return Finding.VENDOR_FAILED
    return STATUSES.get(last.status, Finding.OTHER_REFUSAL)


def _silence(flaw: str) -> Finding:
    return next((finding for start, finding in SILENCES.items() if flaw.startswith(start)), Finding.BROKEN_OFF)
