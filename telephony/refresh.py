"""A person wants the mirror read now: said to the database, and rung to a worker so that it does not wait for the beat."""

import logging
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.vendors.models import Connection
from telephony import sync
from telephony.models import MirrorState

logger = logging.getLogger(__name__)

# After so long a page stops asking whether the mirror is new: no worker is there, or the vendor hangs.
PATIENCE = timedelta(minutes=2)


def refresh(connection: Connection) -> None:
    """Have the mirror read as soon as a worker is free. In the caller's transaction."""
    sync.ask_for_refresh(connection)
    tenant_id, connection_id = connection.tenant_id, connection.pk
    transaction.on_commit(lambda: _ring(tenant_id, connection_id))


def awaited(mirror: MirrorState) -> bool:
    """Was a reading asked for that has neither come nor failed yet, and may still come?"""
    asked_at, failed_at = mirror.asked_at, mirror.error_at
    if asked_at is None or (failed_at is not None and failed_at >= asked_at):
        return False
    return timezone.now() - asked_at < PATIENCE


def _ring(tenant_id: int, connection_id: int) -> None:
    try:
        current_app.send_task(
            "telephony.tasks.sync_connection", args=(tenant_id, connection_id), queue="sync", retry=False
        )
    except OperationalError:
        logger.warning("the broker is away; the beat will find the connection that is due")
