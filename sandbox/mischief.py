"""What each kind of fault does to a call. Which calls it meets is decided in faults.py."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox import delivery, kpn_gateway
from sandbox.exchange import Exchange
from sandbox.faults import Fault
from sandbox.wire import JSON, Refusal, Reply

Mischief = Callable[[Exchange, Fault], Awaitable[web.StreamResponse]]


async def delay(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    await asyncio.sleep(fault.get("seconds", 1.0))
    return await exchange.send(exchange.work())


async def lost_answer(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    reply = exchange.work()
    await delivery.linger(exchange.request, fault.get("seconds", 0))
    if "seconds" in fault.rule:
        return await exchange.send(reply)
    return delivery.drop(exchange.request)


async def late_work(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    exchange.postpone_work(fault.get("seconds", 1.0))
    if "status" in fault.rule:
        return await exchange.send(exchange.refuse(_failure(fault.rule["status"])))
    return delivery.drop(exchange.request)


async def no_work_lost(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    await delivery.linger(exchange.request, fault.get("seconds", 0))
    return delivery.drop(exchange.request)


async def status(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    _work_if_asked(exchange, fault)
    return await exchange.send(exchange.refuse(_failure(fault.get("status", 503))))


async def throttle(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    refusal = _failure(429)
    if exchange.vendor.admit is kpn_gateway.admit:
        refusal = kpn_gateway.throttle(exchange.sandbox.store, exchange.call.client_id, fault.get("seconds", 5.0))
    return await exchange.send(exchange.refuse(refusal))


async def reset(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    _work_if_asked(exchange, fault)
    return delivery.reset(exchange.request)


async def slow_bytes(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    return await delivery.drip(
        exchange.request,
        exchange.work(),
        seconds_a_byte=fault.get("seconds", 0.2),
        headers_too=fault.get("headers", False),
    )


async def broken_json(exchange: Exchange, _fault: Fault) -> web.StreamResponse:
    reply = exchange.work()
    body = reply.payload()
    await exchange.travel()
    return delivery.respond_raw(reply, body[: len(body) // 2])


async def redirect(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    _work_if_asked(exchange, fault)
    location = fault.get("location", "https://elsewhere.example/")
    return await exchange.send(exchange.with_headers(Reply(302, {}, {"Location": location})))


async def huge(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    return await delivery.flood(exchange.request, exchange.work(), megabytes=fault.get("megabytes", None))


async def wrong_shape(exchange: Exchange, fault: Fault) -> web.StreamResponse:
    reply = exchange.work()
    reply.body, reply.content_type = fault.get("body", {"unexpected": ["shape"]}), JSON
    return await exchange.send(reply)


def _work_if_asked(exchange: Exchange, fault: Fault) -> None:
    if fault.get("after_work", False):
        exchange.work()


def _failure(code: int) -> Refusal:
    return Refusal(code, "SimulatedFailure", "This failure was ordered.")


MISCHIEF: dict[str, Mischief] = {
    "delay": delay,
    "lost_answer": lost_answer,
    "late_work": late_work,
    "no_work_lost": no_work_lost,
    "status": status,
    "throttle": throttle,
    "reset": reset,
    "slow_bytes": slow_bytes,
    "broken_json": broken_json,
    "redirect": redirect,
    "huge": huge,
    "wrong_shape": wrong_shape,
}
