"""What the handlers share, and one vendor call with the means to work and answer it."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiohttp import web

from sandbox import delivery
from sandbox.clockwork import Clockwork
from sandbox.faults import FaultBook
from sandbox.kpn_sms_postman import Postman
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.wire import Admission, Call, Refusal, Reply, Vendor

TRANSACTION_HEADER = "X-Transaction-Id"


class Sandbox:
    """All that the handlers share."""

    def __init__(self, store: Store, vendors: Mapping[str, Vendor]) -> None:
        self.store = store
        self.vendors = vendors
        self.settings = Settings.load(store)
        self.faults = FaultBook(store)
        self.clockwork = Clockwork(store, vendors)
        self.postman = Postman(store)
        # Counts resets, so that calls from before one neither work nor count after it.
        self.generation = 0
        self._in_flight: Counter[int] = Counter()

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        generation = self.generation
        self._in_flight[generation] += 1
        try:
            yield
        finally:
            self._in_flight[generation] -= 1

    @property
    def calls_in_flight(self) -> int:
        return self._in_flight[self.generation]

    def forget_everything(self) -> None:
        self.store.forget_everything()
        self.postman.forget_everything()
        self.generation += 1
        self.settings = Settings()
        self.faults = FaultBook(self.store)


class Exchange:
    """One call and the means to work and answer it; what a fault gets to play with."""

    def __init__(
        self, sandbox: Sandbox, vendor: Vendor, request: web.Request, call: Call, admission: Admission
    ) -> None:
        self.sandbox = sandbox
        # Half of the way there and half of the way back: a caller that dies in between leaves work done.
        self._way_seconds = sandbox.settings.draw_latency() / 2
        self.vendor = vendor
        self.request = request
        self.call = call
        self._generation = sandbox.generation
        self._headers = {**admission.headers, TRANSACTION_HEADER: call.transaction_id}

    def work(self) -> Reply:
        """Has the vendor do the call's work, for good or ill; a reset meanwhile leaves no account to do it for."""
        if self._generation != self.sandbox.generation:
            return self.refuse(Refusal(401, "Unauthorized", "The account is gone."))
        try:
            reply = self.vendor.answer(self.sandbox.store, self.call)
        except Refusal as refusal:
            return self.refuse(refusal)
        return self.with_headers(reply)

    def postpone_work(self, seconds: float) -> None:
        self.sandbox.clockwork.postpone(self.call, seconds)

    def refuse(self, refusal: Refusal) -> Reply:
        return self.with_headers(self.vendor.refuse(refusal, self.call.transaction_id))

    def with_headers(self, reply: Reply) -> Reply:
        reply.headers = self._headers | reply.headers
        return reply

    async def travel(self) -> None:
        """Half of the call's latency."""
        if self._way_seconds > 0:
            await asyncio.sleep(self._way_seconds)

    async def send(self, reply: Reply) -> web.StreamResponse:
        await self.travel()
        return delivery.respond(reply)
