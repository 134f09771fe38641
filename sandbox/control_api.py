"""The control API under /_sandbox: truth, faults and changes behind the portal's back. README.md is its contract."""

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox import kpn_token, ledger, truth
from sandbox.accounts import UnknownAccount, get_account, put_account
from sandbox.checks import BadInput, checked, optional, text, whole
from sandbox.exchange import Sandbox
from sandbox.wire import Refusal, decode_object, iso_utc

SANDBOX = web.AppKey("sandbox", Sandbox)
HEADER = "X-Sandbox-Control"
MAX_PAGE = 10_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
routes = web.RouteTableDef()


def control_app(sandbox: Sandbox, token: str) -> web.Application:
    app = web.Application(middlewares=[_guard(token), _speak_json_errors])
    app[SANDBOX] = sandbox
    app.add_routes(routes)
    return app


def _guard(token: str) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), token.encode()):
            raise web.HTTPNotFound
        return await handler(request)

    return guard


@web.middleware
async def _speak_json_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except UnknownAccount as error:
        return web.json_response({"error": f"no account {error}"}, status=404)
    except Refusal as refusal:
        return web.json_response({"error": refusal.message}, status=404 if refusal.status == 404 else 400)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)


async def body_of(request: web.Request) -> dict[str, Any]:
    return decode_object(await request.read() or b"{}")


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    value = int(request.query.get(name, default))
    if not 0 <= value <= most:
        raise BadInput(f"{name}: must be from 0 to {most}")
    return value


@routes.get("/health")
async def health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


# --- Accounts -------------------------------------------------------------------------------------------------------


@routes.get("/accounts")
async def list_accounts(request: web.Request) -> web.Response:
    rows = request.app[SANDBOX].store.all("SELECT client_id FROM accounts ORDER BY client_id")
    return web.json_response({"accounts": [row["client_id"] for row in rows]})


@routes.put("/accounts/{client_id}")
async def change_account(request: web.Request) -> web.Response:
    values = await body_of(request)
    store = request.app[SANDBOX].store
    with store.transaction():
        put_account(store, request.match_info["client_id"], values)
    return _state(request)


@routes.get("/accounts/{client_id}")
async def show_account(request: web.Request) -> web.Response:
    return _state(request)


def _state(request: web.Request) -> web.Response:
    return web.json_response(truth.account_state(request.app[SANDBOX].store, request.match_info["client_id"]))


@routes.post("/accounts/{client_id}/revoke-tokens")
async def revoke_tokens(request: web.Request) -> web.Response:
    store = request.app[SANDBOX].store
    account = get_account(store, request.match_info["client_id"])
    return web.json_response({"revoked": kpn_token.revoke_tokens(store, account["client_id"])})


@routes.post("/accounts/{client_id}/orders/{order_number}/{action:fulfil|reject}")
async def settle_order(request: web.Request) -> web.Response:
    names = request.match_info
    fulfil = names["action"] == "fulfil"
    store = request.app[SANDBOX].store
    return web.json_response(truth.settle_order(store, names["client_id"], names["order_number"], fulfil=fulfil))


# --- Behind our back ------------------------------------------------------------------------------------------------


@routes.post("/accounts/{client_id}/behind/total")
async def move_total(request: web.Request) -> web.Response:
    by = checked(await body_of(request), {"by": whole}).get("by", 0)
    truth.move_total_behind(request.app[SANDBOX].store, request.match_info["client_id"], by)
    return _state(request)


@routes.post("/accounts/{client_id}/behind/orders")
async def order_behind(request: web.Request) -> web.Response:
    given = checked(await body_of(request), {"type": text, "quantity": whole, "at": optional(_moment)})
    store = request.app[SANDBOX].store
    order = truth.order_behind(
        store, request.match_info["client_id"], given.get("type"), given.get("quantity"), given.get("at")
    )
    return web.json_response(order, status=201)


def _moment(value: Any) -> str:
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise BadInput("must name its offset from UTC")
    return iso_utc(moment)


@routes.post("/accounts/{client_id}/behind/subscribers")
async def subscribe_behind(request: web.Request) -> web.Response:
    username = checked(await body_of(request), {"username": text}).get("username")
    store = request.app[SANDBOX].store
    return web.json_response(truth.subscribe_behind(store, request.match_info["client_id"], username), status=201)


@routes.delete("/accounts/{client_id}/behind/subscribers/{subscriber_id}")
async def unsubscribe_behind(request: web.Request) -> web.Response:
    names = request.match_info
    store = request.app[SANDBOX].store
    return web.json_response(truth.unsubscribe_behind(store, names["client_id"], names["subscriber_id"]))


# --- The sandbox itself ---------------------------------------------------------------------------------------------


@routes.get("/settings")
async def show_settings(request: web.Request) -> web.Response:
    return web.json_response(request.app[SANDBOX].settings.shown())


@routes.patch("/settings")
async def change_settings(request: web.Request) -> web.Response:
    values = await body_of(request)
    sandbox = request.app[SANDBOX]
    sandbox.settings.change(sandbox.store, values)
    return web.json_response(sandbox.settings.shown())


@routes.get("/faults")
async def list_faults(request: web.Request) -> web.Response:
    return web.json_response({"faults": [fault.shown() for fault in request.app[SANDBOX].faults.rules]})


@routes.post("/faults")
async def add_fault(request: web.Request) -> web.Response:
    rule = await body_of(request)
    return web.json_response(request.app[SANDBOX].faults.add(rule).shown(), status=201)


@routes.delete("/faults")
@routes.delete(r"/faults/{fault_id:\d+}")
async def remove_faults(request: web.Request) -> web.Response:
    fault_id = request.match_info.get("fault_id")
    deleted = request.app[SANDBOX].faults.remove(int(fault_id) if fault_id else None)
    return web.json_response({"deleted": deleted})


@routes.get("/ledger")
async def read_ledger(request: web.Request) -> web.Response:
    page = ledger.read_effects(
        request.app[SANDBOX].store,
        client_id=request.query.get("client_id"),
        kind=request.query.get("kind"),
        after=_number(request, "after", 0, 2**62),
        limit=_number(request, "limit", 1000, MAX_PAGE),
    )
    return web.json_response(page)


@routes.get("/requests")
async def read_requests(request: web.Request) -> web.Response:
    last = _number(request, "last", 100, MAX_PAGE)
    log = ledger.read_requests(request.app[SANDBOX].store, client_id=request.query.get("client_id"), last=last)
    return web.json_response(log)


@routes.get("/pending")
async def pending(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    waiting = sandbox.clockwork.pending() | {"reports_due": sandbox.postman.outstanding()}
    return web.json_response({**waiting, "calls_in_flight": sandbox.calls_in_flight})


@routes.post("/reset")
async def forget_everything(request: web.Request) -> web.Response:
    request.app[SANDBOX].forget_everything()
    return web.json_response({"status": "ok"})
