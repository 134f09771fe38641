"""/t/<slug>/live/stream: one open board, told of changes as they happen. Raw ASGI; no database connection is held meanwhile.

Who may look is asked as the door asks it, before the first byte and every minute from then on. A browser whose stream ends
connects again; one that is refused asks for the whole board now and then instead (`board_now`).
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost, PermissionDenied
from django.http import Http404, HttpRequest, parse_cookie
from django.utils.translation import get_language_from_request

from portal.streams import ending
from portal.tenancy.door import looking_in
from portal.tenancy.roles import Role
from portal.tenancy.scope import user_scope
from portal.ui.formats import zone_of
from realtime.board.hub import Hub, Room, in_thread
from realtime.board.pieces import Look
from realtime.board.rights import Rights

BEAT_SECONDS = 5.0
LIFE_SECONDS = 30 * 60.0
# A browser that takes nothing for so long (seconds) is gone.
SEND_PATIENCE = 20.0
RETRY_AFTER = b"10"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Admission:
    user_id: int
    tenant_id: int
    look: Look


class Crowd:
    """How many streams are open in this process, in all and of each person."""

    def __init__(self) -> None:
        self._of: Counter[int] = Counter()

    def has_room_for(self, user_id: int) -> bool:
        return self._of.total() < settings.BOARD_STREAMS and self._of[user_id] < settings.BOARD_STREAMS_OF_ONE

    def enter(self, user_id: int) -> None:
        self._of[user_id] += 1

    def leave(self, user_id: int) -> None:
        self._of[user_id] -= 1
        if not self._of[user_id]:
            del self._of[user_id]


hub: Hub | None = None
crowd = Crowd()
_open: "set[OpenBoard]" = set()


async def application(scope: Scope, receive: Receive, send: Send, *, slug: str) -> None:
    """One request of a browser."""
    if scope["method"] != "GET":
        await _refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", b"GET"))
        return
    try:
        admission = await in_thread(admit, scope, slug)
    except (Http404, PermissionDenied, DisallowedHost) as refusal:
        await _refuse(send, _status_of(refusal))
        return
    if ending.begun or not crowd.has_room_for(admission.user_id):
        await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, (b"retry-after", RETRY_AFTER))
        return
    await _stream(scope, receive, send, slug, admission)


def admit(scope: Scope, slug: str) -> Admission:
    """Raises Http404, PermissionDenied as the door does, DisallowedHost."""
    request = _request_of(scope)
    request.get_host()
    with user_scope(request.user.pk):
        membership = looking_in(request, slug, Role.VIEWER)
        request.tenant = membership.tenant  # type: ignore[attr-defined]
        look = Look(slug, _language(request), zone_of(request), Rights.of(membership))
        return Admission(membership.user_id, membership.tenant_id, look)


def _request_of(scope: Scope) -> HttpRequest:
    """What the door looks at: whose session it is."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = HttpRequest()
    request.method, request.path = "GET", scope["path"]
    request.COOKIES = parse_cookie(headers.get("cookie", ""))
    server = scope.get("server") or ("localhost", 80)
    request.META = {
        "HTTP_HOST": headers.get("host", ""),
        "HTTP_ACCEPT_LANGUAGE": headers.get("accept-language", ""),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
    }
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = get_user(request)
    return request


def _language(request: HttpRequest) -> str:
    """As the pages choose it."""
    return getattr(request.user, "language", "") or get_language_from_request(request)


def _status_of(refusal: Exception) -> HTTPStatus:
    if isinstance(refusal, PermissionDenied):
        return HTTPStatus.FORBIDDEN
    return HTTPStatus.BAD_REQUEST if isinstance(refusal, DisallowedHost) else HTTPStatus.NOT_FOUND


async def _refuse(send: Send, status: HTTPStatus, *headers: tuple[bytes, bytes]) -> None:
    told = [(b"content-length", b"0"), (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": int(status), "headers": told})
    await send({"type": "http.response.body", "body": b""})


async def _stream(scope: Scope, receive: Receive, send: Send, slug: str, admission: Admission) -> None:
    global hub
    if hub is None:
        hub = Hub()
        ending.tell(_end_all)
    board = OpenBoard(scope, slug, admission, send, hub)
    crowd.enter(admission.user_id)
    _open.add(board)
    watching = asyncio.get_running_loop().create_task(_until_gone(receive, board))
    try:
        await board.run()
    finally:
        _open.discard(board)
        crowd.leave(admission.user_id)
        watching.cancel()


def _end_all() -> None:
    for board in list(_open):
        board.end()


async def _until_gone(receive: Receive, board: "OpenBoard") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    board.end()


class OpenBoard:
    """One browser's stream, from its first byte to its end."""

    def __init__(self, scope: Scope, slug: str, admission: Admission, send: Send, hub: Hub) -> None:
        self._scope, self._slug, self._admission, self._sender, self._hub = scope, slug, admission, send, hub
        self._awake = asyncio.Event()
        self._ended = False
        self._seen = 0

    def end(self) -> None:
        self._ended = True
        self._awake.set()

    async def run(self) -> None:
        room = self._hub.enter(self._admission.tenant_id, self._admission.look, self._awake.set)
        try:
            await self._sender({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._follow(room)
            await self._sender({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, ConnectionError):
            # The browser takes nothing any more; there is nobody to be told.
            return
        finally:
            self._hub.leave(self._admission.tenant_id, room, self._awake.set)

    async def _follow(self, room: Room) -> None:
        began = time.monotonic()
        # Not all of those that came at once are asked, and end, at once.
        check_at = began + settings.BOARD_CHECK_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        ends_at = began + LIFE_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311 - as above
        await self._send(f"retry: {random.randint(500, 2000)}\n\n".encode())  # noqa: S311 - as above
        beat_at = began
        while not self._ended and time.monotonic() < ends_at:
            self._awake.clear()
            if message := room.since(self._seen):
                self._seen = room.version
                await self._send(message)
            now = time.monotonic()
            if now >= beat_at:
                beat_at = now + BEAT_SECONDS
                await self._send(self._beat(room))
            if now >= check_at:
                check_at = now + settings.BOARD_CHECK_SECONDS
                if not await self._still_admitted():
                    return
            await self._wait(min(beat_at, check_at, ends_at) - time.monotonic())

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._awake.wait(), max(seconds, 0))
        except TimeoutError:
            return

    def _beat(self, room: Room) -> bytes:
        late = self._hub.late_since(self._admission.tenant_id, room)
        now = datetime.now(UTC)
        told = {"now": now.isoformat(), "late": round((now - late).total_seconds(), 1) if late else 0}
        return f"event: beat\ndata: {json.dumps(told)}\n\n".encode()

    async def _still_admitted(self) -> bool:
        """The same person with the same rights; whoever may do more or less by now connects again."""
        try:
            return await in_thread(admit, self._scope, self._slug) == self._admission
        except (Http404, PermissionDenied):
            return False

    async def _send(self, body: bytes) -> None:
        message = {"type": "http.response.body", "body": body, "more_body": True}
        await asyncio.wait_for(self._sender(message), SEND_PATIENCE)
