"""KPN's published contracts ("SMS - KPN" 1.0.6, "Webhook Signing Keys - KPN" 4.0.0) as tables of facts, and what breaks them.

What the vendor's text adds, and what was decided where all are silent, has names of its own below.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

JSON = "application/json"

MOST_MESSAGES = 5000
LONGEST_SENDER = 11
LONGEST_KEY_ID, LONGEST_SECRET = 128, 4096
STATUS_FILTERS = {"STAGED", "ACTIVE", "RETIRING", "RETIRED"}
KEY_STATUSES = {"staged", "active", "retiring", "retired"}

# Agreed with an account, and not in the documents.
MOST_IN_A_CALL = 200
LONGEST_TEXT = 1000
SHORTEST_VALIDITY_ABROAD = 21

ERROR_STATUSES = {400, 401, 403, 404, 500}
# Return codes that the text lists and the documents do not.
ERROR_STATUSES_OF_THE_TEXT = {405, 412, 429, 502, 503}

# The forms that the document names, and E.164 for other countries.
DUTCH = re.compile(r"(0|0031|\+31)(6[1-58][0-9]{7}|97[0-9]+)")
ABROAD = re.compile(r"\+(?!31)[1-9][0-9]{6,14}")

Shape = Callable[[Any], Iterator[str]]


def text(shortest: int = 0, longest: int | None = None, pattern: str = "") -> Shape:
    def complaints(value: Any) -> Iterator[str]:
        if not isinstance(value, str):
            yield "is no string"
        elif len(value) < shortest or (longest is not None and len(value) > longest):
            yield "has the wrong length"
        elif pattern and not re.fullmatch(pattern, value):
            yield "has the wrong form"

    return complaints


def word(*allowed: str) -> Shape:
    def complaints(value: Any) -> Iterator[str]:
        if value not in allowed:
            yield "is none of the words"

    return complaints


def truth(value: Any) -> Iterator[str]:
    if not isinstance(value, bool):
        yield "is neither true nor false"


def numbers(value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        yield "is no string"
    elif not all(DUTCH.fullmatch(number) or ABROAD.fullmatch(number) for number in value.split(",")):
        yield "names no mobile number"


def record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """The documents forbid no further fields; that none are sent or answered is a decision."""
    known = {**required, **(optional or {})}

    def complaints(value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield "is no object"
            return
        for name in sorted(known.keys() | value.keys()):
            if name not in known:
                yield f"has an unknown {name}"
            elif name in value:
                yield from (f"{name} {flaw}" for flaw in known[name](value[name]))
            elif name in required:
                yield f"lacks {name}"

    return complaints


def listed(shape: Shape, fewest: int = 0, most: int | None = None) -> Shape:
    def complaints(value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield "is no list"
            return
        if len(value) < fewest or (most is not None and len(value) > most):
            yield "has the wrong number of items"
        for each in value:
            yield from shape(each)

    return complaints


MOMENT = text(pattern=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
MESSAGE = record({"content": text(1, LONGEST_TEXT), "mobile_number": numbers})
SEND = record(
    {"messages": listed(MESSAGE, 1, MOST_MESSAGES)},
    {
        "sender": text(1, LONGEST_SENDER),
        "webhook_url": text(pattern=r"https?://[^\s/]\S*"),
        "expirein": text(pattern="[1-9][0-9]*"),
    },
)
SENT = record({"document_id": text(1), "status": text()})
KEY = {
    "key_id": text(1, LONGEST_KEY_ID),
    "status": word(*KEY_STATUSES),
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
REVEALED = {**KEY, "secret": text(1, LONGEST_SECRET), "status": word("active")}
NEW_KEY = record({"secret": text(1, LONGEST_SECRET)}, {"key_id": text(1, LONGEST_KEY_ID), "staged": truth})
ERROR = record({"errorResponse": record({"code": text(3, 3), "message": text(1), "info": text(1)})})
LEVELS = ("organizations", "teams", "applications")


@dataclass(frozen=True)
class Operation:
    """`body` and `answer` are None where there is none."""

    name: str
    method: str
    path: str
    body: Shape | None = None
    success: int = 200
    answer: Shape | None = None
    filtered: bool = False

    def fits(self, method: str, path: str) -> bool:
        pattern = re.escape(self.path).replace(re.escape("{key_id}"), "[^/]+")
        return self.method == method and re.fullmatch(pattern, path) is not None


def _of_keys(level: str) -> Iterator[Operation]:
    keys, one, key = f"/{level}/keys", f"/{level}/keys/{{key_id}}", record(KEY)
    yield Operation(f"create {level}", "POST", keys, body=NEW_KEY, success=201, answer=key)
    yield Operation(f"list {level}", "GET", keys, answer=listed(key), filtered=True)
    yield Operation(f"reveal {level}", "GET", f"{keys}/reveal", answer=record(REVEALED))
    yield Operation(f"activate {level}", "POST", f"{one}/activate", answer=key)
    yield Operation(f"retire {level}", "POST", f"{one}/retire", answer=key)
    yield Operation(f"delete {level}", "DELETE", one, success=204)


OPERATIONS = (
    Operation("send", "POST", "/send", body=SEND, answer=SENT),
    *(operation for level in LEVELS for operation in _of_keys(level)),
)


def operation_of(method: str, path: str) -> Operation | None:
    bare_path = path.partition("?")[0]
    return next((each for each in OPERATIONS if each.fits(method, bare_path)), None)


# --- Requests -----------------------------------------------------------------------------------------------------


def complaints_of_request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong with a request; `path` is relative to the base URL, with its query, header names are in lower case."""
    bare_path, _, query = path.partition("?")
    operation = operation_of(method, path)
    if operation is None:
        return [f"{method} {bare_path} is no operation"]
    found = list(_complaints_of_query(operation, query))
    if not headers.get("authorization", "").startswith("Bearer "):
        found.append(f"{operation.name} carries no bearer token")
    if operation.body is None:
        return found + ([f"{operation.name} has no body"] if body else [])
    if headers.get("content-type", "").partition(";")[0] != JSON:
        return [*found, f"{operation.name} takes JSON"]
    return found + _complaints_of_body(operation, body)


def _complaints_of_query(operation: Operation, query: str) -> Iterator[str]:
    if query and not operation.filtered:
        yield f"{operation.name} has no query"
        return
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "status" or value not in STATUS_FILTERS:
            yield f"{operation.name} has no filter {name}={value}"


def _complaints_of_body(operation: Operation, body: bytes) -> list[str]:
    assert operation.body is not None
    try:
        given = json.loads(body.decode("utf-8"))
    except ValueError as error:
        return [f"{operation.name}: the body cannot be read: {error}"]
    found = [f"{operation.name} {flaw}" for flaw in operation.body(given)]
    if operation.name == "send" and not found:
        found += [f"send {flaw}" for flaw in _complaints_of_recipients(given)]
    return found


def _complaints_of_recipients(given: Mapping[str, Any]) -> Iterator[str]:
    recipients = [number for message in given["messages"] for number in message["mobile_number"].split(",")]
    if len(recipients) > MOST_IN_A_CALL:
        yield "has too many recipients"
    valid_for = int(given.get("expirein", SHORTEST_VALIDITY_ABROAD))
    if valid_for < SHORTEST_VALIDITY_ABROAD and any(map(ABROAD.fullmatch, recipients)):
        yield "ends too early for recipients abroad"


# --- Answers ------------------------------------------------------------------------------------------------------


def complaints_of_answer(operation: Operation, status: int, content_type: str, body: bytes) -> list[str]:
    kind = content_type.partition(";")[0]
    if status >= 400:
        allowed = status in ERROR_STATUSES | ERROR_STATUSES_OF_THE_TEXT
        as_documented = allowed and kind == JSON and not list(_flaws(ERROR, body))
        return [] if as_documented else [f"{operation.name}: {status} is no error as documented"]
    if status != operation.success:
        return [f"{operation.name} answers {operation.success}, not {status}"]
    if operation.answer is None:
        return [f"{operation.name} answers nothing"] if body else []
    if kind != JSON:
        return [f"{operation.name} answers JSON, not {kind}"]
    return [f"{operation.name}: the answer {flaw}" for flaw in _flaws(operation.answer, body)]


def _flaws(shape: Shape, body: bytes) -> Iterator[str]:
    try:
        payload = json.loads(body)
    except ValueError:
        yield "is no JSON"
        return
    yield from shape(payload)
