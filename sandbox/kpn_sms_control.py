"""The control API's part for KPN's SMS: what was really sent, how reports go, and posts made by hand."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.accounts import get_account
from sandbox.checks import BadInput, Check, checked, one_of, optional, text, whole, yes_or_no
from sandbox.control_api import MAX_PAGE, SANDBOX, body_of
from sandbox.kpn_sms_reports import add_post, manner_of
from sandbox.kpn_sms_settings import FIELDS, SIGNING, change_settings, settings_of, shown
from sandbox.store import Row, Store
from sandbox.wire import encode

MESSAGE = ("id", "message_id", "document_id", "number", "text", "sender", "webhook_url", "expires_in", "at")
POST = ("id", "url", "status", "error_code", "happened_at", "state", "attempts", "answer", "number", "message_id")
SHAPE = ("left_out", "more", "time_as", "codes_as_text")

routes = web.RouteTableDef()


def _account(request: web.Request) -> tuple[Store, str]:
    """Raises UnknownAccount."""
    store, client_id = request.app[SANDBOX].store, request.match_info["client_id"]
    get_account(store, client_id)
    return store, client_id


@routes.get("/accounts/{client_id}/sms")
async def show_settings(request: web.Request) -> web.Response:
    return web.json_response(shown(settings_of(*_account(request))))


@routes.patch("/accounts/{client_id}/sms")
async def set_settings(request: web.Request) -> web.Response:
    values = await body_of(request)
    store, client_id = _account(request)
    with store.transaction():
        return web.json_response(shown(change_settings(store, client_id, values)))


@routes.get("/accounts/{client_id}/sms/messages")
async def list_messages(request: web.Request) -> web.Response:
    store, client_id = _account(request)
    after = int(request.query.get("after", 0))
    rows = store.all("SELECT * FROM sms WHERE client_id = ? AND id > ? ORDER BY id LIMIT ?", client_id, after, MAX_PAGE)
    return web.json_response({"messages": [true_message(row) for row in rows]})


def true_message(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in MESSAGE} | {"end": row["status"], "error_code": row["error_code"]}


# --- Posts ------------------------------------------------------------------------------------------------------------


@routes.get("/accounts/{client_id}/sms/reports")
async def list_reports(request: web.Request) -> web.Response:
    store, client_id = _account(request)
    rows = store.all(
        "SELECT sms_reports.*, number, message_id FROM sms_reports LEFT JOIN sms ON sms.id = sms_id "
        "WHERE sms_reports.client_id = ?1 AND (?2 IS NULL OR state = ?2) AND sms_reports.id > ?3 "
        "ORDER BY sms_reports.id LIMIT ?4",
        client_id,
        request.query.get("state"),
        int(request.query.get("after", 0)),
        MAX_PAGE,
    )
    return web.json_response({"reports": [{name: row[name] for name in POST} for row in rows]})


@routes.post("/accounts/{client_id}/sms/reports/post")
async def post_reports(request: web.Request) -> web.Response:
    store, client_id = _account(request)
    given = checked(await body_of(request), {"ids": optional(_ids), "signing": optional(one_of(*SIGNING))})
    ids = given.get("ids")
    if ids is None:
        rows = store.all("SELECT id FROM sms_reports WHERE client_id = ? AND state = 'held' ORDER BY id", client_id)
        ids = [row["id"] for row in rows]
    return await _posted(request, ids, given.get("signing"))


async def _posted(request: web.Request, ids: list[int], signing: str | None) -> web.Response:
    outcomes = await request.app[SANDBOX].postman.post(ids, signing)
    told = [{"id": each.report_id, "answer": each.answer, "attempt": each.attempts} for each in outcomes]
    return web.json_response({"posts": told})


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list):
        raise BadInput("must be a list of ids")
    return [whole(each) for each in value]


REPORT: dict[str, Check] = {
    "number": text,
    "message_id": text,
    "status": whole,
    "error_code": lambda value: value if value == "" else text(value),
    "url": text,
    "signing": one_of(*SIGNING),
    "hold": yes_or_no,
    **{name: FIELDS[name] for name in SHAPE},
}


@routes.post("/accounts/{client_id}/sms/reports")
async def make_report(request: web.Request) -> web.Response:
    store, client_id = _account(request)
    given = checked(await body_of(request), REPORT)
    sms = _message_named(store, client_id, given)
    settings = replace(settings_of(store, client_id), **{name: given[name] for name in SHAPE if name in given})
    report_id = add_post(
        store,
        client_id,
        given.get("url") or sms["webhook_url"],
        held=True,
        sms_id=sms["id"],
        status=given.get("status", 1),
        error_code=given.get("error_code", ""),
        manner=manner_of(settings),
    )
    if given.get("hold"):
        return web.json_response({"posts": [{"id": report_id, "answer": None, "attempt": 0}]})
    return await _posted(request, [report_id], given.get("signing"))


def _message_named(store: Store, client_id: str, given: dict[str, Any]) -> Row:
    """The newest one of that id or number."""
    row = store.one(
        "SELECT * FROM sms WHERE client_id = ? AND ? IN (message_id, number) ORDER BY id DESC LIMIT 1",
        client_id,
        given.get("message_id") or given.get("number"),
    )
    if row is None:
        raise BadInput("no such message was sent")
    return row


INBOUND: dict[str, Check] = {
    "sender": text,
    "recipient": text,
    "content": lambda value: value if isinstance(value, str) else text(value),
    "message_id": text,
    "type": text,
    "url": text,
    "signing": one_of(*SIGNING),
    "hold": yes_or_no,
}


@routes.post("/accounts/{client_id}/sms/inbound")
async def make_inbound(request: web.Request) -> web.Response:
    store, client_id = _account(request)
    given = checked(await body_of(request), INBOUND)
    url = given.get("url") or settings_of(store, client_id).inbound_url
    if not url:
        raise BadInput("url: the account has no inbound_url")
    report_id = add_post(store, client_id, url, body=encode(inbound_body(given)), held=True)
    if given.get("hold"):
        return web.json_response({"posts": [{"id": report_id, "answer": None, "attempt": 0}]})
    return await _posted(request, [report_id], given.get("signing"))


def inbound_body(given: dict[str, Any]) -> dict[str, str]:
    """As the inbound document has it: digits without +, the time in UTC without saying so."""
    recipient = given.get("recipient", "").lstrip("+")
    return {
        "sender": given.get("sender", "").lstrip("+"),
        "recipient": recipient,
        "message_id": given.get("message_id") or f"6W{secrets.token_hex(7).upper()}.{recipient}",
        "content": given.get("content", ""),
        "timestamp_utc": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}",
        "type": given.get("type", "text/unicode/*"),
    }
