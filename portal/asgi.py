"""The one ASGI callable: pages are Django's WSGI in a pool of threads; streams are raw ASGI on the event loop.

Django's own ASGI handler hops threads at every middleware; measured, pages cost several times as much.
"""

import os

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import Receive, ReceiveEvent, Scope, Send

from portal.streams import ending, stream_at
from portal.wsgi import application as pages_wsgi

pages = WSGIMiddleware(pages_wsgi, workers=int(os.environ.get("WEB_THREADS") or 8))  # type: ignore[arg-type]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Every connection of a web process. Live streams branch off here by path, before the pages."""
    match scope["type"]:
        case "lifespan":
            await _lifespan(receive, send)
        case "websocket":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
        case _ if found := stream_at(scope["path"]):
            stream, arguments = found
            await stream(_without_ambiguous_headers(scope), receive, send, **arguments)
        case _:
            await pages(_without_ambiguous_headers(scope), _whole_body(receive), send)


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    ending.hear_signals()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    ending.begin()
    await send({"type": "lifespan.shutdown.complete"})


def _without_ambiguous_headers(scope: Scope) -> Scope:
    """WSGI spells `X_Forwarded_For` and `X-Forwarded-For` alike, so a client could speak as the proxy."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if b"_" not in name]}  # type: ignore


def _whole_body(receive: Receive) -> Receive:
    """a2wsgi takes a client that hung up for the end of the body: half a form would be worked on as a whole one."""

    async def receive_or_fail() -> ReceiveEvent:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client went away before the whole request had arrived")
        return message

    return receive_or_fail
