"""Kwebbl's Realtime API: each call at its path and method, with the scopes that it asks for."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox import kwebbl_actions as actions
from sandbox import kwebbl_directory as directory
from sandbox import kwebbl_subscriptions as subscriptions
from sandbox.kwebbl_company import Company
from sandbox.kwebbl_session import Session
from sandbox.kwebbl_tokens import BASE_PATH, admit
from sandbox.store import Store
from sandbox.wire import Call, Refusal, Reply, Vendor

Handler = Callable[..., Reply]
"""Takes the session, and the id where the path has one."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One of `scopes` is enough to come in; the handler may ask for more."""

    handler: Handler
    scopes: tuple[str, ...]


DIRECTORY = ("company.dialplans", "company.users")
EVENTS = ("calls.events", "calls.events.personal", "calls.events.presence")
MANAGE = ("calls.manage", "calls.manage.personal")
CREATE = ("calls.create", "calls.create.personal")

ROUTES: dict[str, dict[str, Operation]] = {
    "/extensions": {"GET": Operation(directory.list_call, DIRECTORY)},
    "/extensions/{id}": {"GET": Operation(directory.read_call, DIRECTORY)},
    "/extensions/{id}/multiple_caller_ids": {"GET": Operation(directory.caller_ids_call, DIRECTORY)},
    "/extensions/{id}/caller_id": {"PUT": Operation(directory.set_caller_id_call, DIRECTORY)},
    "/subscriptions": {
        "GET": Operation(subscriptions.list_call, EVENTS),
        "POST": Operation(subscriptions.create_call, EVENTS),
    },
    "/subscriptions/{id}": {
        "GET": Operation(subscriptions.read_call, EVENTS),
        "DELETE": Operation(subscriptions.cancel_call, EVENTS),
    },
    "/calls": {"POST": Operation(actions.place_call, CREATE)},
    **{
        f"/calls/{{id}}/{name}": {"POST": Operation(handler, MANAGE)}
        for name, handler in {
            "terminate": actions.hang_up_call,
            "hangup": actions.hang_up_call,
            "transfer": actions.transfer_call,
            "hold": actions.hold_call,
            "resume": actions.resume_call,
            "start-recording": actions.start_recording_call,
            "stop-recording": actions.stop_recording_call,
        }.items()
    },
}


def answer(store: Store, call: Call) -> Reply:
    """Does one call's work in one transaction. Raises Refusal when there is none to do."""
    route = route_of(call.path)
    methods = ROUTES.get(route)
    if methods is None:
        raise Refusal(404, "NotFound", "There is no such resource.", call.path[:100])
    operation = methods.get(call.method)
    if operation is None:
        raise Refusal(405, "MethodNotAllowed", "Not allowed here.", headers={"Allow": ", ".join(methods)})
    identifiers = [call.path.split("/")[2]] if "{id}" in route else []
    with store.transaction():
        session = _session(store, call)
        session.need(*operation.scopes)
        return operation.handler(session, *identifiers)


def _session(store: Store, call: Call) -> Session:
    grant = store.one("SELECT * FROM kwebbl_grants WHERE id = ?", int(call.principal))
    company = Company(store, call.client_id)
    scopes: list[Any] = json.loads(grant["scopes"]) if grant else []
    user = company.by_id(grant["extension_id"]) if grant else None
    if user is None:
        raise company.refusal(401, "invalid_grant", "The user is gone.")
    return Session(store, call, company, user, frozenset(scopes))


def route_of(path: str) -> str:
    """The path with its id replaced; "/…" for one that is not offered."""
    if path in ROUTES:
        return path
    _, _, rest = path.partition("/")
    collection, *more = rest.split("/")
    if not more or not more[0]:
        return "/…"
    route = "/".join(["", collection, "{id}", *more[1:]])
    return route if route in ROUTES else "/…"


KWEBBL = Vendor("kwebbl", BASE_PATH, admit, answer, route_of)
