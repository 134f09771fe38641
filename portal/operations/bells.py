"""Telling the workers that there is something to do. A broker that is away delays; it loses nothing (see `sweeper`)."""

import logging
import time
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# A bell that waits longer than this in a worker's memory is better left to the sweeper.
LONGEST_COUNTDOWN = timedelta(seconds=20)
# Finding out that the broker is away takes seconds: for so long (seconds) nobody in this process tries again.
QUIET_AFTER_FAILURE = 5.0
_quiet_until = 0.0


def ring_after_commit(tenant_id: int, connection_id: int, lane: str) -> None:
    transaction.on_commit(lambda: ring(tenant_id, connection_id, lane))


def ring(tenant_id: int, connection_id: int, lane: str, wait: timedelta = timedelta()) -> None:
    """Have the next due operation of a lane carried out, `wait` from now."""
    if wait <= LONGEST_COUNTDOWN:
        _send(
            "portal.operations.tasks.run_lane", tenant_id, connection_id, lane, countdown=wait.total_seconds() or None
        )


def look(tenant_id: int, operation_id: int) -> None:
    """Have an unknown outcome looked up."""
    _send("portal.operations.tasks.settle", tenant_id, operation_id, queue="settle")


def _send(name: str, *args: Any, **options: Any) -> None:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        current_app.send_task(name, args=args, retry=False, **options)
    except OperationalError:
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE
        logger.warning("the broker is away; the sweeper will find what this bell was for")
