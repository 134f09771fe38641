"""The boards that are open in one web process: each company is read once for all of them, at most five times a second.

Everything but the reading happens on the event loop, so nothing here is locked. A bell only says that something changed, so a
bell that is lost, late or forged never shows anything but the company's own rows. Each is read now and then without one.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connections

from portal.tenancy.scope import tenant_scope
from realtime.board import picture
from realtime.board.listening import Listener
from realtime.board.pieces import Drawn, Look, Pen

logger = logging.getLogger(__name__)

Told = TypeVar("Told")
EVERY = 0.2
READ_ANYWAY_AFTER = 10.0
REST_AFTER_FAILURE = 2.0
# Two readings at once: the web process's pool has these connections beyond those of its pages.
_threads = ThreadPoolExecutor(2, thread_name_prefix="board")


async def in_thread(work: Callable[..., Told], *arguments: Any) -> Told:
    """`work` where it may wait for the database, whose connection it does not keep."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _and_let_go, work, arguments)


def _and_let_go(work: Callable[..., Told], arguments: tuple[Any, ...]) -> Told:
    try:
        return work(*arguments)
    finally:
        connections.close_all()


@dataclass(eq=False)
class Room:
    """The open boards of one company that look alike. `version` counts what was shown to them."""

    look: Look
    version: int = 0
    wakers: set[Callable[[], None]] = field(default_factory=set)
    _now: Drawn | None = None
    _change: bytes = b""
    _whole: bytes = b""

    def __post_init__(self) -> None:
        self.pen = Pen(self.look)

    def show(self, drawn: Drawn) -> None:
        before, self._now = self._now, drawn
        change = _difference(before, drawn) if before else None
        if before is not None and not change:
            return
        self.version += 1
        self._whole = b""
        self._change = _message(self.version, change) if change else b""
        for wake in list(self.wakers):
            wake()

    def since(self, version: int) -> bytes:
        """What a board that has seen `version` has to be sent; b"" for nothing."""
        if self._now is None or version == self.version:
            return b""
        if version == self.version - 1 and self._change:
            return self._change
        if not self._whole:
            self._whole = _message(self.version, {"whole": True, "order": self._now.order, "pieces": self._now.pieces})
        return self._whole

    @property
    def unread_since(self) -> datetime | None:
        return self._now.unread_since if self._now else None


def _difference(before: Drawn, now: Drawn) -> dict[str, Any]:
    pieces = {key: html for key, html in now.pieces.items() if before.pieces.get(key) != html}
    order = {name: keys for name, keys in now.order.items() if before.order[name] != keys}
    return {name: told for name, told in (("pieces", pieces), ("order", order)) if told}


def _message(version: int, told: dict[str, Any]) -> bytes:
    return f"event: board\nid: {version}\ndata: {json.dumps(told, separators=(',', ':'))}\n\n".encode()


class Company:
    """One company with boards open here: read when rung for, and shown in all its rooms."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        self.rooms: dict[Look, Room] = {}
        self.rung_at: datetime | None = None
        self._rung = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._follow())

    def ring(self) -> None:
        self.rung_at = self.rung_at or datetime.now(UTC)
        self._rung.set()

    def end(self) -> None:
        self._task.cancel()

    async def _follow(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._rung.wait(), READ_ANYWAY_AFTER)
            except TimeoutError:
                self.rung_at = datetime.now(UTC)
            self._rung.clear()
            try:
                await self._show()
            except Exception:
                # A board that cannot be read now says so by itself (`late_since`), and is tried again.
                logger.exception("the board of company %s could not be read", self.tenant_id)
                self._rung.set()
                await asyncio.sleep(REST_AFTER_FAILURE)
            await asyncio.sleep(EVERY)

    async def _show(self) -> None:
        rooms = list(self.rooms.values())
        shown = await in_thread(_drawn, self.tenant_id, [room.pen for room in rooms])
        for room, drawn in zip(rooms, shown, strict=True):
            room.show(drawn)
        self.rung_at = datetime.now(UTC) if self._rung.is_set() else None


def _drawn(tenant_id: int, pens: list[Pen]) -> list[Drawn]:
    with tenant_scope(tenant_id):
        seen = picture.read(tenant_id)
    return [pen.draw(seen) for pen in pens]


class Hub:
    """Rooms by company and look, and one listener at the broker for all of them."""

    def __init__(self) -> None:
        self._companies: dict[int, Company] = {}
        self._listener = Listener(self._rung, self._heard_nothing)

    def enter(self, tenant_id: int, look: Look, wake: Callable[[], None]) -> Room:
        """`wake` is called whenever the room's version has changed."""
        company = self._companies.get(tenant_id)
        if company is None:
            company = self._companies[tenant_id] = Company(tenant_id)
            self._listener.follow(tenant_id)
        room = company.rooms.get(look)
        if room is None:
            room = company.rooms[look] = Room(look)
            company.ring()
        room.wakers.add(wake)
        return room

    def leave(self, tenant_id: int, room: Room, wake: Callable[[], None]) -> None:
        room.wakers.discard(wake)
        company = self._companies[tenant_id]
        if not room.wakers and company.rooms.get(room.look) is room:
            del company.rooms[room.look]
        if not company.rooms:
            company.end()
            del self._companies[tenant_id]
            self._listener.leave(tenant_id)

    def late_since(self, tenant_id: int, room: Room) -> datetime | None:
        """Since when this room may show less than there is: rung for and not read, or events that nobody has followed yet."""
        company = self._companies[tenant_id]
        known = [at for at in (company.rung_at, room.unread_since, self._listener.deaf_since) if at]
        return min(known, default=None)

    def _rung(self, tenant_id: int) -> None:
        if company := self._companies.get(tenant_id):
            company.ring()

    def _heard_nothing(self) -> None:
        """Bells may have been missed."""
        for company in self._companies.values():
            company.ring()
