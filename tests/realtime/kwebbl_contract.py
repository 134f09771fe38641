"""Kwebbl's document (Realtime API 1.0.0, revision 17) as a table of facts, each with its chapter, and what breaks it.

What the document contradicts or leaves open has names of its own: `decided`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

JSON = "application/json"
# A text or a JSON number: the patterns are of text, the examples have numbers.
NUMBER = (str, int)
EXTENSION = {"id": str, "name": str, "number": NUMBER, "type": str}
SUBSCRIPTION = {
    "id": str,
    "agents": list,
    "mode": str,
    "callback_url": str,
    "callback_content_type": str,
}
CALLER_ID = {"caller_id": str, "caller_number": NUMBER}
PARTY_NAMES = {"number", "extension_id"}
DENIED = {401: {"invalid_grant"}, 403: {"access_denied"}}
CHECKED = {400: {"validation"}, **DENIED}
SINGLE = {**CHECKED, 404: {"entity_not_exist"}}
TOKEN_ERRORS = {
    400: {"invalid_request"},
    401: {"invalid_client", "invalid_grant", "unauthorized_client"},
    500: {"server_error"},
}
REDIRECT_ERRORS = {
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "server_error",
    # Not in the table, but told above it.
    "invalid_grant",
}


@dataclass(frozen=True)
class Operation:
    """`body` names the fields and says which must be there; None stands for no body, `answer` None for none."""

    chapter: str
    method: str
    path: str
    success: frozenset[int]
    errors: Mapping[int, set[str]]
    body: Mapping[str, bool] | None = None
    answer: Mapping[str, Any] | None = None
    optional: Mapping[str, Any] = field(default_factory=dict)
    many: bool = False
    # Error statuses that the chapter does not list, by decision.
    decided: frozenset[int] = frozenset()

    def fits(self, method: str, path: str) -> bool:
        pattern = re.escape(self.path).replace(re.escape("{id}"), "[^/]+")
        return self.method == method and re.fullmatch(pattern, path) is not None


OK, TAKEN = frozenset({200}), frozenset({202})


def _action(chapter: str, name: str, body: Mapping[str, bool] | None = None) -> Operation:
    return Operation(chapter, "POST", f"/calls/{{id}}/{name}", TAKEN, SINGLE, body=body)


OPERATIONS = (
    Operation(
        "List of Extensions", "GET", "/extensions", OK, DENIED, None, EXTENSION, {"external_number": NUMBER}, many=True
    ),
    Operation(
        "Retrieve a specific extension",
        "GET",
        "/extensions/{id}",
        OK,
        SINGLE,
        None,
        EXTENSION,
        {"external_number": NUMBER},
    ),
    Operation(
        "List of subscriptions",
        "GET",
        "/subscriptions",
        OK,
        DENIED,
        None,
        SUBSCRIPTION,
        {"events": list, "event_types": list},
        many=True,
    ),
    Operation(
        "Retrieve a specific subscription",
        "GET",
        "/subscriptions/{id}",
        OK,
        SINGLE,
        None,
        SUBSCRIPTION,
        {"event_types": list},
    ),
    Operation(
        "Request a new subscription",
        "POST",
        "/subscriptions",
        frozenset({200, 201, 202}),
        CHECKED,
        {
            "callback_url": True,
            "event_types": False,
            "agents": False,
            "mode": False,
            "callback_content_type": False,
        },
        SUBSCRIPTION,
        {"event_types": list},
    ),
    Operation("Cancel a subscription", "DELETE", "/subscriptions/{id}", OK, SINGLE, None, {"ok": bool}),
    Operation("Placing a new call", "POST", "/calls", TAKEN, CHECKED, {"to": True, "from": False}),
    _action("Terminate / Hangup", "terminate"),
    _action("Terminate / Hangup", "hangup"),
    _action("Transfer", "transfer", {"target": True, "transfer_type": False}),
    _action("Hold and Resume", "hold"),
    _action("Hold and Resume", "resume"),
    _action("Call Recording", "start-recording"),
    _action("Call Recording", "stop-recording"),
    Operation(
        "Get list of CallerID's",
        "GET",
        "/extensions/{id}/multiple_caller_ids",
        OK,
        DENIED,
        None,
        CALLER_ID,
        many=True,
        decided=frozenset({404}),
    ),
    Operation(
        "Change user CallerID",
        "PUT",
        "/extensions/{id}/caller_id",
        OK,
        DENIED,
        {"caller_id": True},
        {"extension_id": str, "caller_id": str},
        decided=frozenset({400, 404}),
    ),
)
CODES_BY_DECISION = {400: {"validation"}, 404: {"entity_not_exist"}}


def operation_of(method: str, path: str) -> Operation | None:
    return next((each for each in OPERATIONS if each.fits(method, path)), None)


# --- Requests -----------------------------------------------------------------------------------------------------


def complaints_of_request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong with a call; `path` is relative to the base URL, with its query, header names are in lower case."""
    bare_path, _, query = path.partition("?")
    operation = operation_of(method, bare_path)
    if operation is None:
        return [f"{method} {bare_path} is no operation"]
    found = [f"{operation.chapter}: there is no query"] if query else []
    if not headers.get("authorization", "").startswith("Bearer "):
        found.append(f"{operation.chapter}: no bearer token")
    if operation.body is None:
        return found + ([f"{operation.chapter}: there is no body"] if body else [])
    if headers.get("content-type", "") != JSON:
        return [*found, f"{operation.chapter}: the body is JSON"]
    return found + [f"{operation.chapter}: {flaw}" for flaw in _flaws_of_body(json.loads(body), operation.body)]


def _flaws_of_body(body: Any, fields: Mapping[str, bool]) -> list[str]:
    found = [f"lacks {name}" for name, due in fields.items() if due and name not in body]
    found += [f"has no {name}" for name in sorted(body.keys() - fields.keys())]
    for name in ("from", "to", "target"):
        if name in body and (len(body[name]) != 1 or not body[name].keys() <= PARTY_NAMES):
            found.append(f"{name} is set by a number or an extension_id")
    if body.get("transfer_type", "blind") not in ("blind", "attended"):
        found.append("unknown transfer_type")
    return found


def complaints_of_token_request(headers: Mapping[str, str], body: bytes) -> list[str]:
    """ "Authorization Code Grant Flow", d, and "Restoring / Renewing an Access Token"."""
    told = json.loads(body)
    named = told.keys() & {"client_id", "client_secret"}
    basic = headers.get("authorization", "").startswith("Basic ")
    found = [] if headers.get("content-type") == JSON else ["the body is JSON"]
    if basic == bool(named):
        found.append("credentials stand in the header or in the body, once")
    if named and len(named) < 2:
        found.append("both credentials are needed")
    due = {"authorization_code": {"code", "redirect_uri"}, "refresh_token": {"refresh_token"}}.get(told["grant_type"])
    if due is None or not due <= told.keys():
        found.append("a parameter is missing")
    allowed = {"grant_type", "scope", "redirect_uri", *named, *(due or ())}
    return found + [f"unknown {name}" for name in sorted(told.keys() - allowed)]


def complaints_of_consent_request(query: str) -> list[str]:
    """ "Authorization Code Grant Flow", a."""
    told = dict(parse_qsl(query, strict_parsing=True))
    found = [f"lacks {name}" for name in ("client_id", "redirect_uri") if not told.get(name)]
    found += [] if told.get("response_type") == "code" else ["response_type is code"]
    return found + [
        f"unknown {name}" for name in told.keys() - {"client_id", "redirect_uri", "response_type", "state", "scope"}
    ]


# --- Answers ------------------------------------------------------------------------------------------------------


def complaints_of_answer(operation: Operation, status: int, body: bytes) -> list[str]:
    if status >= 400:
        return _complaints_of_error(operation, status, body)
    if status not in operation.success:
        return [f"{operation.chapter}: {status} is no success"]
    if operation.answer is None:
        return [f"{operation.chapter}: nothing is answered"] if body else []
    payload = json.loads(body)
    items = payload if operation.many else [payload]
    if not isinstance(items, list):
        return [f"{operation.chapter}: the answer is a list"]
    return [f"{operation.chapter}: {flaw}" for item in items for flaw in _flaws(item, operation)]


def _complaints_of_error(operation: Operation, status: int, body: bytes) -> list[str]:
    codes = operation.errors.get(status) or (CODES_BY_DECISION.get(status) if status in operation.decided else None)
    told = json.loads(body)
    if codes is None:
        return [f"{operation.chapter}: {status} is no error of it"]
    if told.get("status_code") != status or told.get("error_code") not in codes or not told.get("message"):
        return [f"{operation.chapter}: {status} is not told as documented"]
    return []


def _flaws(item: Any, operation: Operation) -> list[str]:
    if not isinstance(item, dict):
        return ["no object"]
    shape = {**(operation.answer or {}), **operation.optional}
    found = [f"unknown {name}" for name in sorted(item.keys() - shape.keys())]
    found += [f"lacks {name}" for name in sorted((operation.answer or {}).keys() - item.keys())]
    return found + [
        f"{name} is of another kind" for name in item.keys() & shape.keys() if not isinstance(item[name], shape[name])
    ]
