"""One subscription at the broker for a web process. A bell has no content: what a message carries is not looked at."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from redis import asyncio as broker
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from realtime.board.bell import CHANNEL, channel_of

logger = logging.getLogger(__name__)

# While the broker is away, boards are read so often instead (seconds).
LOOK_EVERY = 2.0
CONNECT_TIMEOUT = 2.0
PING_EVERY = 5.0


class Listener:
    """Calls `rung(tenant_id)` on the event loop; `missed()` whenever bells may have rung unheard."""

    def __init__(self, rung: Callable[[int], None], missed: Callable[[], None]) -> None:
        self._rung, self._missed = rung, missed
        self._followed: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._line: PubSub | None = None
        self._changes: set[asyncio.Task[None]] = set()
        self.deaf_since: datetime | None = None

    def follow(self, tenant_id: int) -> None:
        self._followed.add(tenant_id)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen())
        elif self._line is not None:
            self._begin(self._subscribe(self._line, tenant_id))

    def leave(self, tenant_id: int) -> None:
        self._followed.discard(tenant_id)
        if not self._followed and self._task is not None:
            self._task.cancel()
            self._task = self._line = None
        elif self._line is not None:
            self._begin(self._unsubscribe(self._line, tenant_id))

    def _begin(self, change: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    async def _subscribe(self, line: PubSub, tenant_id: int) -> None:
        # A line that is broken is opened anew with all that is followed by then.
        with suppress(redis.RedisError, OSError):
            await line.subscribe(channel_of(tenant_id))
        # What rang between the reading of the new board and this subscription.
        self._rung(tenant_id)

    async def _unsubscribe(self, line: PubSub, tenant_id: int) -> None:
        with suppress(redis.RedisError, OSError):
            await line.unsubscribe(channel_of(tenant_id))

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (redis.RedisError, OSError, TimeoutError) as error:
                if self.deaf_since is None:
                    logger.warning("boards cannot hear the broker: %s", error)
                self.deaf_since = self.deaf_since or datetime.now(UTC)
            self._line = None
            self._missed()
            await asyncio.sleep(LOOK_EVERY)

    async def _hear(self) -> None:
        client = broker.Redis.from_url(
            settings.CACHE_URL, socket_connect_timeout=CONNECT_TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        async with client, client.pubsub() as line:
            known = set(self._followed)
            await line.subscribe(*map(channel_of, known))
            self._line = line
            # Whoever came while that was under way found no line to ask.
            for tenant_id in self._followed - known:
                self._begin(self._subscribe(line, tenant_id))
            self._missed()
            self.deaf_since = None
            while True:
                message = await line.get_message(ignore_subscribe_messages=True, timeout=PING_EVERY)
                if message is None:
                    await asyncio.wait_for(line.ping(), CONNECT_TIMEOUT)
                elif message["type"] == "message":
                    self._heard(message["channel"])

    def _heard(self, channel: bytes) -> None:
        number = channel.decode("ascii", "replace").removeprefix(CHANNEL)
        if number.isdecimal():
            self._rung(int(number))
