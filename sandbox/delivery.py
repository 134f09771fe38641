"""How bytes leave, or fail to: whole answers, dropped and reset connections, drips and floods."""

import asyncio
import itertools
import socket
import struct
from http import HTTPStatus

from aiohttp import web

from sandbox.wire import Reply

LOOK_EVERY_SECONDS = 0.1
FLOOD_PIECE = b'{"filler":"' + b"x" * 65_000 + b'"},'


class NothingSent(web.Response):
    """Stands for an answer whose connection is gone; the server finds the transport closed and lets it be."""


def respond(reply: Reply) -> web.Response:
    return respond_raw(reply, reply.payload())


def respond_raw(reply: Reply, body: bytes) -> web.Response:
    if reply.is_bare:
        return web.Response(status=reply.status, headers=reply.headers)
    return web.Response(status=reply.status, headers=reply.headers, body=body, content_type=reply.content_type)


def drop(request: web.Request) -> NothingSent:
    """Closes the connection in good order, without a byte."""
    if request.transport is not None:
        request.transport.close()
    return NothingSent()


def reset(request: web.Request) -> NothingSent:
    """Sends RST instead of FIN: a socket that lingers for zero seconds is reset when it closes."""
    transport = request.transport
    if transport is not None:
        peer: socket.socket = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return NothingSent()


async def linger(request: web.Request, seconds: float) -> None:
    """Waits that long, or until the client has gone."""
    while seconds > 0 and request.transport is not None:
        await asyncio.sleep(min(seconds, LOOK_EVERY_SECONDS))
        seconds -= LOOK_EVERY_SECONDS


async def drip(request: web.Request, reply: Reply, *, seconds_a_byte: float, headers_too: bool) -> NothingSent:
    """Sends the whole answer, its body (or all of it) byte by byte, for as long as the client stays."""
    head, body = _head_and_body(reply)
    if not headers_too:
        _write(request, head)
    for byte in head + body if headers_too else body:
        if not _write(request, bytes((byte,))):
            break
        await linger(request, seconds_a_byte)
    return drop(request)


def _head_and_body(reply: Reply) -> tuple[bytes, bytes]:
    body = reply.payload()
    headers = {"Connection": "close"}
    if not reply.is_bare:
        headers |= {"Content-Type": reply.content_type, "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in (reply.headers | headers).items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), body


def _write(request: web.Request, data: bytes) -> bool:
    """False once the client has gone."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return False
    transport.write(data)
    return True


async def flood(request: web.Request, reply: Reply, *, megabytes: int | None) -> web.StreamResponse:
    """A JSON list that goes on for that long, or until the client hangs up."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_type = "application/json"
    await response.prepare(request)
    try:
        await _pour(response, megabytes)
    except ConnectionError:
        return drop(request)
    return response


async def _pour(response: web.StreamResponse, megabytes: int | None) -> None:
    await response.write(b"[")
    pieces = itertools.count() if megabytes is None else range(megabytes * 1_000_000 // len(FLOOD_PIECE) + 1)
    for _ in pieces:
        await response.write(FLOOD_PIECE)
    await response.write(b"{}]")
