"""The life of one vendor call: admitted, logged, perhaps struck by a fault, worked, answered."""

from aiohttp import web

from sandbox import delivery
from sandbox.exchange import Exchange, Sandbox
from sandbox.faults import Fault
from sandbox.ledger import DROPPED, log_outcome, log_request
from sandbox.mischief import MISCHIEF
from sandbox.wire import Admission, Call, Vendor, new_transaction_id


async def serve(sandbox: Sandbox, vendor: Vendor, request: web.Request) -> web.StreamResponse:
    """Answers one vendor call. A client that hangs up does not stop it."""
    with sandbox.in_flight():
        return await _serve(sandbox, vendor, request)


async def _serve(sandbox: Sandbox, vendor: Vendor, request: web.Request) -> web.StreamResponse:
    body = await _read_body(request)
    path = request.path[len(vendor.base_path) :] or "/"
    call, admission, seq, fault = _arrive(sandbox, vendor, request, path, body)
    exchange = Exchange(sandbox, vendor, request, call, admission)
    await exchange.travel()
    response = await _play(exchange, admission, fault)
    status = DROPPED if isinstance(response, delivery.NothingSent) else response.status
    log_outcome(sandbox.store, seq, status, fault.kind if fault else None)
    return response


async def _read_body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        # Not JSON, so that what follows refuses it like any other malformed body.
        return b"(too large)"


def _arrive(
    sandbox: Sandbox, vendor: Vendor, request: web.Request, path: str, body: bytes
) -> tuple[Call, Admission, int, Fault | None]:
    transaction_id = new_transaction_id()
    with sandbox.store.transaction():
        admission = vendor.admit(sandbox.store, request.headers.get("Authorization", ""), body)
        client_id = admission.client_id
        route = vendor.route_of(path)
        seq = log_request(sandbox.store, client_id, request.method, request.path, route, transaction_id)
        fault = None
        if admission.refusal is None:
            fault = sandbox.faults.strike(client_id, request.method, vendor.base_path, path)
    call = Call(
        vendor=vendor.name,
        client_id=client_id or "",
        method=request.method,
        path=path,
        query=request.query_string,
        body=body,
        transaction_id=transaction_id,
        content_type=request.headers.get("Content-Type", ""),
        principal=admission.principal,
    )
    return call, admission, seq, fault


async def _play(exchange: Exchange, admission: Admission, fault: Fault | None) -> web.StreamResponse:
    if fault is not None:
        return await MISCHIEF[fault.kind](exchange, fault)
    return await exchange.send(exchange.refuse(admission.refusal) if admission.refusal else exchange.work())
