"""The postman of Kwebbl's events: one at a time to each subscription, in the order in which they leave."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
from aiohttp import web

from sandbox.exchange import Sandbox
from sandbox.store import Row, Store
from sandbox.wire import iso_utc

LOOK_EVERY_SECONDS = 0.02
TIMEOUT = aiohttp.ClientTimeout(total=10)
AGAIN_AFTER_SECONDS = 1.0


class Postman:
    """Events wait in the store, so a restart loses none."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rounds: dict[str, asyncio.Task[None]] = {}

    async def run_forever(self) -> None:
        # The document lets a client's certificate be self-signed.
        connector = aiohttp.TCPConnector(ssl=False, limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session:
            while True:
                self._set_out(session)
                await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _set_out(self, session: aiohttp.ClientSession) -> None:
        self._rounds = {name: task for name, task in self._rounds.items() if not task.done()}
        for row in self._store.all("SELECT DISTINCT subscription_id FROM kwebbl_events WHERE due_at <= ?", time.time()):
            name = row["subscription_id"]
            if name not in self._rounds:
                self._rounds[name] = asyncio.create_task(self._round(session, name))

    async def _round(self, session: aiohttp.ClientSession, subscription_id: str) -> None:
        while event := self._store.one(
            "SELECT * FROM kwebbl_events WHERE subscription_id = ? AND due_at <= ? ORDER BY due_at, id LIMIT 1",
            subscription_id,
            time.time(),
        ):
            self._note(event, await _post(session, event))

    def _note(self, event: Row, status: int | None) -> None:
        tries = event["tries"] + 1
        again = (status is None or status >= 300) and tries < self._tries(event["client_id"])
        self._store.run(
            "UPDATE kwebbl_events SET tries = ?, status = ?, posted_at = ?, due_at = ? WHERE id = ?",
            tries,
            status,
            iso_utc(),
            time.time() + AGAIN_AFTER_SECONDS if again else None,
            event["id"],
        )

    def _tries(self, client_id: str) -> int:
        return self._store.count(
            "SELECT coalesce((SELECT json_extract(manners, '$.event_tries') FROM kwebbl_companies WHERE client_id = ?), 1)",
            client_id,
        )


async def _post(session: aiohttp.ClientSession, event: Row) -> int | None:
    """The status, None when no answer came."""
    headers = {"Content-Type": "application/json"}
    try:
        async with session.post(event["url"], data=event["body"], headers=headers, allow_redirects=False) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


def posting(sandbox: Sandbox) -> Callable[[web.Application], AsyncIterator[None]]:
    """A context for the web application: the postman works while it runs."""

    async def context(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(Postman(sandbox.store).run_forever())
        yield
        task.cancel()

    return context
