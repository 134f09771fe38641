"""The control API's part for Apidaze: the truth of a customer's SIP accounts and script, and changes behind our back."""

from typing import Any

from aiohttp import web

from sandbox import apidaze_scripts as scripts
from sandbox import apidaze_sip as sip
from sandbox.accounts import get_account
from sandbox.checks import BadInput, Check, checked, positive, text
from sandbox.control_api import SANDBOX, body_of
from sandbox.store import Row, Store
from sandbox.wire import new_transaction_id

ORIGIN = ("transaction_id", "cause")
TOLD = ("username", *sip.CHANGEABLE.values(), "status", "created_at", "updated_at", *ORIGIN)
MOST_AT_ONCE = 200_000

routes = web.RouteTableDef()


def some_text(value: Any) -> str:
    """Text that may be empty."""
    return value if value == "" else text(value)


SIP_FIELDS: dict[str, Check] = dict.fromkeys(sip.CHANGEABLE, some_text)


@routes.get("/accounts/{client_id}/apidaze")
async def show_state(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    script = scripts.script_of(store, client_id)
    return web.json_response(
        {
            "sip_accounts": [true_sip_account(row) for row in sip.sip_accounts(store, client_id)],
            "script": None if script is None else true_script(script),
        }
    )


def _customer(request: web.Request) -> tuple[Store, str]:
    """Raises UnknownAccount."""
    store, client_id = request.app[SANDBOX].store, request.match_info["client_id"]
    get_account(store, client_id)
    return store, client_id


def true_sip_account(row: Row) -> dict[str, Any]:
    return {"id": row["sip_id"], **{name: row[name] for name in TOLD}}


def true_script(row: Row) -> dict[str, Any]:
    return scripts.public_script(row) | {name: row[name] for name in ORIGIN}


# --- SIP accounts ---------------------------------------------------------------------------------------------------


@routes.post("/accounts/{client_id}/behind/sip-accounts")
async def create_behind(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    fields = checked(await body_of(request), {"username": text} | SIP_FIELDS)
    with store.transaction():
        row = sip.create(store, client_id, fields, transaction_id=new_transaction_id(), cause="behind")
    return web.json_response(true_sip_account(row), status=201)


@routes.post("/accounts/{client_id}/behind/sip-accounts/many")
async def create_many_behind(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    given = checked(await body_of(request), {"count": positive, "prefix": text})
    count, prefix = given.get("count", 0), given.get("prefix", "user")
    if count > MOST_AT_ONCE:
        raise BadInput(f"count: at most {MOST_AT_ONCE}")
    transaction_id = new_transaction_id()
    with store.transaction():
        for number in range(1, count + 1):
            fields = {"username": f"{prefix}{number}", "name": f"{prefix} {number}"}
            sip.create(store, client_id, fields, transaction_id=transaction_id, cause="behind")
    return web.json_response({"made": count}, status=201)


@routes.patch("/accounts/{client_id}/behind/sip-accounts/{sip_id}")
async def change_behind(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    fields = checked(await body_of(request), SIP_FIELDS)
    with store.transaction():
        row = sip.find(store, client_id, request.match_info["sip_id"])
        row = sip.update(store, row, fields, transaction_id=new_transaction_id(), cause="behind")
    return web.json_response(true_sip_account(row))


@routes.delete("/accounts/{client_id}/behind/sip-accounts/{sip_id}")
async def delete_behind(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    with store.transaction():
        row = sip.find(store, client_id, request.match_info["sip_id"])
        sip.delete(store, row, transaction_id=new_transaction_id(), cause="behind")
    return web.json_response({"id": row["sip_id"]})


@routes.put("/accounts/{client_id}/sip-accounts/{sip_id}/status")
async def set_status(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    status = checked(await body_of(request), {"status": text}).get("status", sip.UNREGISTERED)
    with store.transaction():
        row = sip.set_status(store, sip.find(store, client_id, request.match_info["sip_id"]), status)
    return web.json_response(true_sip_account(row))


# --- The script -----------------------------------------------------------------------------------------------------


@routes.put("/accounts/{client_id}/behind/script")
async def set_script_behind(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    fields = checked(await body_of(request), {"url": text, "name": some_text})
    with store.transaction():
        row = scripts.script_of(store, client_id)
        origin: dict[str, Any] = {"transaction_id": new_transaction_id(), "cause": "behind"}
        if row is None:
            row = scripts.create(store, client_id, fields, **origin)
        else:
            row = scripts.update(store, row, fields, **origin)
    return web.json_response(true_script(row))


@routes.delete("/accounts/{client_id}/behind/script")
async def delete_script_behind(request: web.Request) -> web.Response:
    store, client_id = _customer(request)
    with store.transaction():
        row = scripts.script_of(store, client_id)
        if row is None:
            raise BadInput("there is no script")
        scripts.delete(store, row, transaction_id=new_transaction_id(), cause="behind")
    return web.json_response({"id": row["script_id"]})
