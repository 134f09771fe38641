"""Telling the boards of a company that something changed: the message says nothing but that.

A bell that is not heard delays: boards look again by themselves after a while (`realtime.board.hub`).
"""

import logging
import time
from functools import cache

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

CHANNEL = "board:"
# Who rings does not wait for a broker that does not answer; after a failure it is left alone for so long (seconds).
PATIENCE = 0.5
QUIET_AFTER_FAILURE = 5.0
_quiet_until = 0.0


def channel_of(tenant_id: int) -> str:
    return f"{CHANNEL}{int(tenant_id)}"


def ring(tenant_id: int) -> None:
    """Rung after the commit, at once where no transaction is open. Raises nothing when the broker is away."""
    transaction.on_commit(lambda: _ring(tenant_id))


def _ring(tenant_id: int) -> None:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        _broker().publish(channel_of(tenant_id), "")
    except redis.RedisError:
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE
        logger.warning("the broker is away; boards will look by themselves")


@cache
def _broker() -> redis.Redis:
    return redis.Redis.from_url(
        settings.CACHE_URL,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
