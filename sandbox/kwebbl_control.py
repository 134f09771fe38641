"""The control API's part for Kwebbl: a company's truth, its people behind our back, its telephones, and office life."""

from typing import Any

from aiohttp import web

from sandbox import kwebbl_calls as calls
from sandbox import kwebbl_office as office
from sandbox import kwebbl_steps as steps
from sandbox import kwebbl_tokens as tokens
from sandbox import kwebbl_truth as truth
from sandbox.accounts import get_account
from sandbox.checks import BadInput, checked, one_of, positive, seconds, text, whole, yes_or_no
from sandbox.control_api import SANDBOX, body_of
from sandbox.kwebbl_company import EXTENSION_FIELDS, SCOPES, Company, add_extension, change_manners, found
from sandbox.wire import iso_utc

routes = web.RouteTableDef()
ROOT = "/accounts/{client_id}/kwebbl"


def _company(request: web.Request) -> Company:
    """Raises UnknownAccount."""
    store, client_id = request.app[SANDBOX].store, request.match_info["client_id"]
    get_account(store, client_id)
    return Company(store, client_id)


@routes.get(ROOT)
async def show(request: web.Request) -> web.Response:
    return web.json_response(truth.state(_company(request)))


@routes.put(ROOT)
async def change(request: web.Request) -> web.Response:
    company, values = _company(request), await body_of(request)
    people = [values.pop(name, None) for name in ("users", "dialplans")]
    with company.store.transaction():
        if any(each is not None for each in people):
            found(company.store, company.client_id, people[0] or [], people[1] or [])
        change_manners(company.store, company.client_id, values)
        office.open_office(_company(request))
    return web.json_response(truth.state(_company(request)))


@routes.get(ROOT + "/events")
async def events(request: web.Request) -> web.Response:
    return web.json_response({"events": truth.events(_company(request), int(request.query.get("last", 1000)))})


# --- Behind our back --------------------------------------------------------------------------------------------------


@routes.post(ROOT + "/extensions")
async def add(request: web.Request) -> web.Response:
    company, values = _company(request), await body_of(request)
    kind = one_of("user", "dialplan")(values.pop("kind", None))
    with company.store.transaction():
        made = add_extension(company.store, company.client_id, kind, values)
    return web.json_response({"id": made}, status=201)


@routes.patch(ROOT + "/extensions/{extension_id}")
async def rename(request: web.Request) -> web.Response:
    company = _company(request)
    fields = {name: EXTENSION_FIELDS[name] for name in ("name", "number", "external_number")}
    for name, value in checked(await body_of(request), fields).items():
        company.store.run(
            f"UPDATE kwebbl_extensions SET {name} = ? WHERE client_id = ? AND extension_id = ?",  # noqa: S608 - as above
            value,
            company.client_id,
            request.match_info["extension_id"],
        )
    return web.json_response({"id": request.match_info["extension_id"]})


@routes.delete(ROOT + "/extensions/{extension_id}")
async def remove(request: web.Request) -> web.Response:
    company, extension_id = _company(request), request.match_info["extension_id"]
    company.store.run(
        "DELETE FROM kwebbl_extensions WHERE client_id = ? AND extension_id = ?", company.client_id, extension_id
    )
    return web.json_response({"id": extension_id})


@routes.delete(ROOT + "/subscriptions/{subscription_id}")
async def end_subscription(request: web.Request) -> web.Response:
    company, subscription_id = _company(request), request.match_info["subscription_id"]
    company.store.run(
        "UPDATE kwebbl_subscriptions SET cancelled_at = ? WHERE client_id = ? AND subscription_id = ?",
        iso_utc(),
        company.client_id,
        subscription_id,
    )
    return web.json_response({"id": subscription_id})


@routes.post(ROOT + "/grants")
async def grant(request: web.Request) -> web.Response:
    company = _company(request)
    given = checked(
        await body_of(request), {"login": text, "scopes": lambda value: [one_of(*SCOPES)(each) for each in value]}
    )
    with company.store.transaction():
        told = tokens.give(company, _extension_of(company, given.get("login", "")), given.get("scopes", []))
    return web.json_response(told, status=201)


@routes.delete(ROOT + "/grants")
async def revoke(request: web.Request) -> web.Response:
    company = _company(request)
    login = request.query.get("login")
    extension_id = _extension_of(company, login) if login else None
    return web.json_response({"revoked": tokens.revoke(company.store, company.client_id, extension_id)})


def _extension_of(company: Company, login: str) -> str:
    for row in company.extensions():
        if row["login"] == login:
            return row["extension_id"]
    raise BadInput("login: there is no such user")


# --- The telephones ---------------------------------------------------------------------------------------------------


@routes.post(ROOT + "/calls")
async def start_call(request: web.Request) -> web.Response:
    company = _company(request)
    given = checked(await body_of(request), {"caller": text, "callee": text})
    caller, callee = (calls.party_named(company, given.get(side, "")) for side in ("caller", "callee"))
    with company.store.transaction():
        conversation = calls.begin(company, caller, callee)
        steps.answer_by_itself(company, conversation)
    return web.json_response(truth.call(company, conversation), status=201)


@routes.post(ROOT + "/calls/{conversation}/{step}")
async def step_call(request: web.Request) -> web.Response:
    company, names = _company(request), request.match_info
    step = one_of(*steps.STEPS)(names["step"])
    more: dict[str, Any] = checked(
        await body_of(request), {"target": text, "attended": yes_or_no, "reason": text, "call_id": text, "by": text}
    )
    with company.store.transaction():
        steps.take(company, step, names["conversation"], **more)
    return web.json_response(truth.call(company, names["conversation"]))


@routes.post(ROOT + "/office-life")
async def office_life(request: web.Request) -> web.Response:
    company = _company(request)
    given = checked(
        await body_of(request), {"seed": whole, "minutes": seconds, "speed": seconds, "per_minute": positive}
    )
    with company.store.transaction():
        planned = office.plan(company, **given)
    return web.json_response(planned, status=201)
