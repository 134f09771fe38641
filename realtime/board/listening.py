"""One subscription at the broker for a web process. A bell has no content: what a message carries is not looked at."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

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
        else:
            self._change(lambda line: line.subscribe(channel_of(tenant_id)), tenant_id)

    def leave(self, tenant_id: int) -> None:
        self._followed.discard(tenant_id)
        if not self._followed and self._task is not None:
            self._task.cancel()
            self._task = None
        else:
            self._change(lambda line: line.unsubscribe(channel_of(tenant_id)))

    def _change(self, do: Callable[[PubSub], object], opened: int | None = None) -> None:
        if self._line is not None:
            task = asyncio.get_running_loop().create_task(self._changed(self._line, do, opened))
            self._changes.add(task)
            task.add_done_callback(self._changes.discard)

    async def _changed(self, line: PubSub, do: Callable[..., object], opened: int | None) -> None:
        try:
            await do(line)  # type: ignore[misc]
        except (redis.RedisError, OSError):
            # The line is broken: it is opened anew with all that is followed by then.
            return
        if opened is not None:
            # What rang between the reading of the new board and this subscription.
            self._rung(opened)

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
            await line.subscribe(*(channel_of(tenant_id) for tenant_id in self._followed))
            self._line = line
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
