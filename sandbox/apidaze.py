"""Apidaze behind KPN's gateway: SIP accounts and the external script of a domain, each call at its path and method."""

from collections.abc import Callable

from sandbox import apidaze_scripts as scripts
from sandbox import apidaze_sip as sip
from sandbox import kpn_gateway
from sandbox.store import Store
from sandbox.wire import Call, Refusal, Reply, Vendor

Handler = Callable[..., Reply]
"""Takes the store, the call, and the id where the path has one."""

ROUTES: dict[str, dict[str, Handler]] = {
    "/externalscripts": {"GET": scripts.list_calls, "POST": scripts.create_call},
    "/externalscripts/test": {"GET": scripts.trial_call},
    "/externalscripts/{id}": {"GET": scripts.read_call, "PUT": scripts.update_call, "DELETE": scripts.delete_call},
    "/sipaccounts": {"GET": sip.list_calls, "POST": sip.create_call},
    "/sipaccounts/{id}": {"GET": sip.read_call, "PUT": sip.update_call, "DELETE": sip.delete_call},
    "/sipaccounts/{id}/status": {"GET": sip.status_call},
}


def answer(store: Store, call: Call) -> Reply:
    """Does one call's work in one transaction. Raises Refusal when there is none to do."""
    route = route_of(call.path)
    methods = ROUTES.get(route)
    if methods is None:
        raise Refusal(404, "NotFound", "There is no such resource.", call.path[:100])
    handler = methods.get(call.method)
    if handler is None:
        allowed = {"Allow": ", ".join(methods)}
        raise Refusal(405, "MethodNotAllowed", f"{call.method} is not allowed here.", headers=allowed)
    identifiers = [call.path.split("/")[2]] if "{id}" in route else []
    with store.transaction():
        return handler(store, call, *identifiers)


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


APIDAZE = Vendor("apidaze", "/communication/apidaze/cpaas", kpn_gateway.admit, answer, route_of)
