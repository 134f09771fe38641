"""Pages behind the ASGI door: what a client sends is what WSGI sees, or the request fails."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from a2wsgi import WSGIMiddleware

from portal import asgi

SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/",
    "query_string": b"",
    "headers": [],
    "client": ("192.0.2.7", 50_000),
}


@pytest.fixture
def seen(monkeypatch):
    """What the WSGI side was given."""
    environs = []

    def application(environ, start_response):
        environs.append(environ | {"body": environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", 0)))})
        start_response("200 OK", [])
        return [b"done"]

    monkeypatch.setattr(asgi, "pages", WSGIMiddleware(application))
    return environs


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """To its end, in a thread of its own: after browser tests Playwright's event loop is running in this one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, coroutine).result()


def request(*messages, headers=()):
    """Send one request; what the application sent back."""
    sent, waiting = [], list(messages)

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    run(asgi.application({**SCOPE, "headers": list(headers)}, receive, send))
    return sent


def test_body_and_address_arrive(seen):
    request(
        {"type": "http.request", "body": b"one ", "more_body": True},
        {"type": "http.request", "body": b"two"},
        headers=[(b"content-length", b"7")],
    )
    assert seen[0]["body"] == b"one two"
    assert seen[0]["REMOTE_ADDR"] == "192.0.2.7"


def test_half_a_body_is_not_taken_for_a_whole_one(seen):
    with pytest.raises(ConnectionResetError):
        request(
            {"type": "http.request", "body": b"quantity=1", "more_body": True},
            {"type": "http.disconnect"},
            headers=[(b"content-length", b"11")],
        )
    assert seen == []


def test_a_client_cannot_spell_the_proxys_headers_in_another_way(seen):
    request(
        {"type": "http.request", "body": b""},
        headers=[(b"x_forwarded_for", b"203.0.113.9"), (b"x-request-id", b"abc")],
    )
    assert "HTTP_X_FORWARDED_FOR" not in seen[0]
    assert seen[0]["HTTP_X_REQUEST_ID"] == "abc"


def test_start_and_end_of_a_web_process_are_acknowledged():
    sent, waiting = [], [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message["type"])

    run(asgi.application({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
