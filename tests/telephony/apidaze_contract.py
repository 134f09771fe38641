"""Apidaze's published contract (its OpenAPI document, 1.1.1) as a table of facts, and what breaks it.

Every value in it is a string, every body a form, every answer a list of objects or nothing. What the vendor's text adds
to the document, and what was decided where both are silent, has names of its own below.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

SCRIPT = dict.fromkeys(("id", "name", "url", "created_at", "updated_at"), str)
SIP_ACCOUNT = {
    "id": str,
    "name": str,
    "sip": dict.fromkeys(("username", "password"), str),
    "callerid": dict.fromkeys(("internal_name", "internal_number", "external_name", "external_number"), str),
    "voicemail": {"mwi_account": str},
    "created_at": str,
    "updated_at": str,
}
ERROR = dict.fromkeys(("transactionId", "status", "name", "message", "info"), str)
ERROR_STATUSES = {400, 401, 403, 404, 429, 500, 503}
# Return codes that the text lists and the document does not.
ERROR_STATUSES_OF_THE_TEXT = {405, 412, 502}

OF_A_SIP_ACCOUNT = {
    "internal_caller_id_number": False,
    "external_caller_id_number": False,
    "name": False,
    "mwi_account": False,
}


@dataclass(frozen=True)
class Operation:
    """`form` names the fields and says which must be there; None stands for no body, `answer` None for none."""

    name: str
    method: str
    path: str
    form: Mapping[str, bool] | None = None
    open_form: bool = False
    success: int = 200
    answer: Mapping[str, Any] | None = None
    # Fields beyond the document, by decision.
    decided: Mapping[str, Any] = field(default_factory=dict)
    may_be_xml: bool = False

    def fits(self, method: str, path: str) -> bool:
        pattern = re.escape(self.path).replace(re.escape("{id}"), "[^/]+")
        return self.method == method and re.fullmatch(pattern, path) is not None


# The test comes before the read, whose path it would fit as well.
OPERATIONS = (
    Operation("External Script List", "GET", "/externalscripts", answer=SCRIPT),
    Operation("External Script Create", "POST", "/externalscripts", form={"name": False, "url": True}, answer=SCRIPT),
    Operation(
        "External Script Test",
        "GET",
        "/externalscripts/test",
        form={"url": True},
        open_form=True,
        answer=SCRIPT,
        may_be_xml=True,
    ),
    Operation("External Script Read", "GET", "/externalscripts/{id}", answer=SCRIPT),
    Operation(
        "External Script Update", "PUT", "/externalscripts/{id}", form={"name": False, "url": True}, answer=SCRIPT
    ),
    Operation("External Script Delete", "DELETE", "/externalscripts/{id}", success=204),
    Operation("SIP Account List", "GET", "/sipaccounts", answer=SIP_ACCOUNT),
    Operation(
        "SIP Account Create", "POST", "/sipaccounts", form={"username": True, **OF_A_SIP_ACCOUNT}, answer=SIP_ACCOUNT
    ),
    Operation("SIP Account Read", "GET", "/sipaccounts/{id}", answer=SIP_ACCOUNT),
    Operation("SIP Account Update", "PUT", "/sipaccounts/{id}", form=OF_A_SIP_ACCOUNT, answer=SIP_ACCOUNT),
    Operation("SIP Account Delete", "DELETE", "/sipaccounts/{id}", answer=SIP_ACCOUNT),
    Operation(
        "SIP Account Status",
        "GET",
        "/sipaccounts/{id}/status",
        answer=SIP_ACCOUNT,
        decided={"domain": str, "status": str},
    ),
)


def operation_of(method: str, path: str) -> Operation | None:
    return next((each for each in OPERATIONS if each.fits(method, path)), None)


# --- Requests -----------------------------------------------------------------------------------------------------


def complaints_of_request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong with a request; `path` is relative to the base URL, with its query, header names are in lower case."""
    bare_path, _, query = path.partition("?")
    operation = operation_of(method, bare_path)
    if operation is None:
        return [f"{method} {bare_path} is no operation"]
    found = [f"{operation.name} has no query"] if query else []
    if not headers.get("authorization", "").startswith("Bearer "):
        found.append(f"{operation.name} carries no bearer token")
    if operation.form is None:
        return found + ([f"{operation.name} has no body"] if body else [])
    if not body and not any(operation.form.values()):
        return found
    if headers.get("content-type", "").partition(";")[0] != FORM:
        return [*found, f"{operation.name} takes a form"]
    return found + _complaints_of_form(operation, body)


def _complaints_of_form(operation: Operation, body: bytes) -> list[str]:
    assert operation.form is not None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        return [f"{operation.name}: the form cannot be read: {error}"]
    given = dict(pairs)
    found = [f"{operation.name} gives a field twice"] if len(given) < len(pairs) else []
    found += [f"{operation.name} lacks {name}" for name, due in operation.form.items() if due and not given.get(name)]
    if not operation.open_form:
        found += [f"{operation.name} has no field {name}" for name in sorted(given.keys() - operation.form.keys())]
    return found


# --- Answers ------------------------------------------------------------------------------------------------------


def complaints_of_answer(operation: Operation, status: int, content_type: str, body: bytes) -> list[str]:
    kind = content_type.partition(";")[0]
    if status >= 400:
        allowed = status in ERROR_STATUSES | ERROR_STATUSES_OF_THE_TEXT
        return [] if allowed and _fits(body, kind, ERROR) else [f"{operation.name}: {status} is no error as documented"]
    if status != operation.success:
        return [f"{operation.name} answers {operation.success}, not {status}"]
    if operation.answer is None:
        return [f"{operation.name} answers nothing"] if body else []
    if operation.may_be_xml and kind == "application/xml":
        return [] if body.lstrip().startswith(b"<") else [f"{operation.name}: this is no XML"]
    if kind != JSON:
        return [f"{operation.name} answers JSON, not {kind}"]
    return _complaints_of_payload(operation, body)


def _complaints_of_payload(operation: Operation, body: bytes) -> list[str]:
    try:
        payload = json.loads(body)
    except ValueError:
        return [f"{operation.name}: this is no JSON"]
    # The document has lists everywhere. That one object may come alone is known of the vendor.
    alone = isinstance(payload, dict) and "List" not in operation.name
    items = [payload] if alone else payload
    if not isinstance(items, list):
        return [f"{operation.name} answers a list"]
    shape = {**(operation.answer or {}), **operation.decided}
    optional = operation.decided.keys()
    return [f"{operation.name}: {flaw}" for item in items for flaw in _flaws(item, shape, optional)]


def _fits(body: bytes, kind: str, shape: Mapping[str, Any]) -> bool:
    try:
        return kind == JSON and not list(_flaws(json.loads(body), shape))
    except ValueError:
        return False


def _flaws(value: Any, shape: Any, optional: Any = frozenset(), where: str = "the answer") -> list[str]:
    if shape is str:
        return [] if isinstance(value, str) else [f"{where} is no string"]
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    found = [f"{where} has an unknown {name}" for name in sorted(value.keys() - shape.keys())]
    found += [f"{where} lacks {name}" for name in sorted(shape.keys() - value.keys() - set(optional))]
    for name in value.keys() & shape.keys():
        found += _flaws(value[name], shape[name], where=name)
    return found
