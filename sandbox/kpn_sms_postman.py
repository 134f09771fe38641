"""The simulated SMS vendor's posts to webhooks: signed, up to four attempts each, many at once over kept connections.

Everything lives in the event loop of the API, so a post costs the API no more than its own bytes do. What is due is in the
store: a restart forgets nothing, and posts again what was under way.
"""

import asyncio
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import aiohttp

from sandbox.kpn_keys import new_key_id, signing_key
from sandbox.kpn_sms_reports import body_of
from sandbox.kpn_sms_settings import settings_of
from sandbox.settings import report_speed
from sandbox.store import Row, Store

TICK_SECONDS = 0.02
AT_ONCE = 48
TIMEOUT = aiohttp.ClientTimeout(total=10)
# Between a failure and the next attempt; one more attempt than waits.
WAITS = (60.0, 120.0, 240.0)
NO_ANSWER = 0
# A message's next report waits for the first attempt of the one before.
DUE = """
SELECT * FROM sms_reports AS report WHERE state = 'waiting' AND due_at <= ? AND NOT EXISTS (
    SELECT 1 FROM sms_reports AS earlier WHERE earlier.sms_id = report.sms_id AND earlier.id < report.id
    AND earlier.attempts = 0 AND earlier.state IN ('waiting', 'under_way')
) ORDER BY due_at, id LIMIT ?
"""
WRONG_SECRET = "not the secret of any key"  # noqa: S105 - it opens nothing, on purpose


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the status of the answer, NO_ANSWER for none. After a `last` one there is no other."""

    report_id: int
    attempts: int
    answer: int
    last: bool = False

    @property
    def taken(self) -> bool:
        return 200 <= self.answer < 300


class Postman:
    """`run_forever` posts what is due; `post` does it at once, for the control API."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: aiohttp.ClientSession | None = None
        self._queue: asyncio.Queue[Row] = asyncio.Queue()
        self._outcomes: list[Outcome] = []
        self._workers: list[asyncio.Task[None]] = []

    async def run_forever(self) -> None:
        self._store.run("UPDATE sms_reports SET state = 'waiting' WHERE state = 'under_way'")
        self._hire()
        while True:
            self._note_outcomes()
            self._pick_up()
            await asyncio.sleep(TICK_SECONDS)

    def forget_everything(self) -> None:
        """Breaks off what is under way: a webhook that does not answer must not hold up those of the next test."""
        for worker in self._workers:
            worker.cancel()
        self._queue, self._outcomes = asyncio.Queue(), []
        self._hire()

    def _hire(self) -> None:
        self._workers = [asyncio.create_task(self._work(self._queue)) for _ in range(AT_ONCE)]

    def outstanding(self) -> int:
        return self._store.count("SELECT count(*) FROM sms_reports WHERE state IN ('waiting', 'under_way')")

    async def post(self, report_ids: Iterable[int], signing: str | None = None) -> list[Outcome]:
        """Posts these now, whatever their state; those of one message after each other, in this order.

        `signing` instead of the account's own way, and then once: the vendor would not repeat itself so.
        """
        rows = [row for report_id in report_ids if (row := self._row(report_id))]
        by_message: dict[object, list[Row]] = {}
        for row in rows:
            by_message.setdefault(row["sms_id"] or -row["id"], []).append(row)
        few = asyncio.Semaphore(AT_ONCE)
        posted = await asyncio.gather(*(self._post_in_turn(few, some, signing) for some in by_message.values()))
        outcomes = {outcome.report_id: outcome for some in posted for outcome in some}
        self._outcomes += outcomes.values()
        self._note_outcomes()
        return [outcomes[row["id"]] for row in rows]

    async def _post_in_turn(self, few: asyncio.Semaphore, rows: list[Row], signing: str | None) -> list[Outcome]:
        async with few:
            return [await self._attempt(row, signing) for row in rows]

    def _row(self, report_id: int) -> Row | None:
        return self._store.one("SELECT * FROM sms_reports WHERE id = ?", report_id)

    def _pick_up(self) -> None:
        room = 4 * AT_ONCE - self._queue.qsize()
        rows = self._store.all(DUE, time.time(), max(0, room))
        self._store.run_many("UPDATE sms_reports SET state = 'under_way' WHERE id = ?", [(row["id"],) for row in rows])
        for row in rows:
            self._queue.put_nowait(row)

    async def _work(self, queue: asyncio.Queue[Row]) -> None:
        while True:
            row = await queue.get()
            outcome = await self._attempt(row)
            self._outcomes.append(outcome)

    async def _attempt(self, row: Row, signing: str | None = None) -> Outcome:
        attempt = row["attempts"] + 1
        account = settings_of(self._store, row["client_id"])
        sms = self._store.one("SELECT * FROM sms WHERE id = ?", row["sms_id"]) if row["sms_id"] else None
        if row["body"] is None and sms is None:
            # The sandbox was emptied meanwhile.
            return Outcome(row["id"], attempt, NO_ANSWER)
        body = body_of(row, sms)
        key = signing_key(self._store, row["client_id"], account)
        headers = signed(body, key, attempt, signing or account.signing)
        answer = await self._send(row["url"], body, headers)
        for _ in range(account.duplicates if 200 <= answer < 300 else 0):
            await self._send(row["url"], body, headers)
        return Outcome(row["id"], attempt, answer, last=signing is not None)

    async def _send(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=10, ssl=False)
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=jar, timeout=TIMEOUT)
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return NO_ANSWER

    def _note_outcomes(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        if not outcomes:
            return
        speed, now = report_speed(self._store), time.time()
        with self._store.transaction():
            self._store.run_many(
                "UPDATE sms_reports SET attempts = ?, answer = ?, state = ?, due_at = ? WHERE id = ?",
                [(each.attempts, each.answer, *_next(each, now, speed), each.report_id) for each in outcomes],
            )


def _next(outcome: Outcome, now: float, speed: float) -> tuple[str, float]:
    """The report's state from now on, and when it is due again."""
    if outcome.taken:
        return "delivered", now
    if outcome.last or outcome.attempts > len(WAITS):
        return "given_up", now
    return "waiting", now + WAITS[outcome.attempts - 1] / speed


def signed(body: bytes, key: Row, attempt: int, signing: str) -> dict[str, str]:
    """The headers of a post. `signing` is how it is meant to be wrong, if it is."""
    headers = {"Content-Type": "application/json", "X-KPN-Webhook-Attempt": str(attempt)}
    if signing == "unsigned":
        return headers
    secret = WRONG_SECRET if signing == "wrong" else key["secret"]
    return headers | {
        "X-KPN-Webhook-Signature": hmac.new(secret.encode(), body, sha256).hexdigest(),
        "X-KPN-Webhook-Timestamp": str(int(time.time())),
        "X-KPN-Webhook-Key-Id": new_key_id() if signing == "unknown_id" else key["key_id"],
    }
