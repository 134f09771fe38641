"""What the vendors do later, by themselves: work whose caller was sent away, and orders that take their time."""

import asyncio
import time
from collections.abc import Mapping

from sandbox import kandy, kwebbl_steps
from sandbox.store import Row, Store
from sandbox.wire import Call, Refusal, Vendor

# An order may come due without anybody telling; a late fulfilment is at most this late.
TICK_SECONDS = 0.05


class Clockwork:
    """Everything due is in the store, so a restart forgets nothing and does what came due meanwhile."""

    def __init__(self, store: Store, vendors: Mapping[str, Vendor]) -> None:
        self._store = store
        self._vendors = vendors

    def postpone(self, call: Call, seconds: float) -> None:
        """Has the call's work done after that long."""
        self._store.run(
            "INSERT INTO late_work (due_at, vendor, client_id, method, path, query, body, transaction_id, "
            "content_type, principal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            time.time() + seconds,
            call.vendor,
            call.client_id,
            call.method,
            call.path,
            call.query,
            call.body,
            call.transaction_id,
            call.content_type,
            call.principal,
        )

    async def run_forever(self) -> None:
        while True:
            self.do_what_is_due()
            await asyncio.sleep(TICK_SECONDS)

    def do_what_is_due(self) -> None:
        now = time.time()
        for row in self._store.all("SELECT * FROM late_work WHERE due_at <= ? ORDER BY due_at, id", now):
            self._do_late(row)
        kandy.fulfil_due_orders(self._store, now)
        kwebbl_steps.do_due_steps(self._store, now)

    def _do_late(self, row: Row) -> None:
        call = Call(
            vendor=row["vendor"],
            client_id=row["client_id"],
            method=row["method"],
            path=row["path"],
            query=row["query"],
            body=row["body"],
            transaction_id=row["transaction_id"],
            content_type=row["content_type"],
            principal=row["principal"],
            cause="late_work",
        )
        with self._store.transaction():
            self._store.run("DELETE FROM late_work WHERE id = ?", row["id"])
            try:
                self._vendors[call.vendor].answer(self._store, call)
            except Refusal:
                # Nobody is left to be told, and a refusal has no effect.
                return

    def pending(self) -> dict[str, int]:
        return {
            "late_work": self._store.count("SELECT count(*) FROM late_work"),
            "orders_due": self._store.count("SELECT count(*) FROM orders WHERE fulfil_at IS NOT NULL"),
            "steps_due": self._store.count("SELECT count(*) FROM kwebbl_steps"),
            "events_due": self._store.count("SELECT count(*) FROM kwebbl_events WHERE due_at IS NOT NULL"),
        }
