"""Telling the workers that there is something to deliver; what a bell misses, the beat finds."""

import logging
import time
from collections.abc import Sequence

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

TASK = "realtime.tasks.deliver"
# Finding out that the broker is away takes seconds: for so long (seconds) nobody in this process tries again.
QUIET_AFTER_FAILURE = 5.0
_quiet_until = 0.0


def ring_after_commit(tenant_id: int, deliveries: Sequence[int]) -> None:
    """For each of these ids."""
    transaction.on_commit(lambda: _ring(tenant_id, deliveries))


def _ring(tenant_id: int, deliveries: Sequence[int]) -> None:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        for pk in deliveries:
            current_app.send_task(TASK, args=(tenant_id, pk), retry=False, expires=60)
    except OperationalError:
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE
        logger.warning("the broker is away; the beat will find the deliveries that this bell was for")
