"""One exchange with a vendor, told twice: to the caller as `Exchange`, to the call log as `CallRecord`."""

import base64
import codecs
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import requests
from requests.structures import CaseInsensitiveDict

from portal.vendors import record
from portal.vendors.long_lists import LongList
from portal.vendors.quota import Quota
from portal.vendors.record import CallRecord
from portal.vendors.redaction import MOST_LEARNED, Redactor
from portal.vendors.spool import Spool
from portal.vendors.transmission import Transmission
from portal.vendors.wire import Answer, Limits, NoAnswer, reason_of, transmit

logger = logging.getLogger(__name__)

USER_AGENT = "Patchbay/1"
ANY_TEXT = "application/json, application/xml;q=0.9, text/*;q=0.8"


@dataclass(frozen=True)
class Outgoing:
    """A call to be made, with JSON or a form or neither. `url` is the whole address without what `params` adds.

    `basic` is a name and a password for HTTP's Basic scheme, written as they are, in UTF-8.
    `text_too`: the answer may be text that is no JSON; the payload is then that text.
    `list_of` names a list that may be too long for memory: the payload of a success is then a `LongList`, to be closed, and
    nobody has looked yet whether it is JSON.
    """

    method: str
    url: str
    params: Mapping[str, Any] | None = None
    json: Any = field(default=None, repr=False)
    form: Mapping[str, Any] | None = field(default=None, repr=False)
    text_too: bool = False
    list_of: str = ""
    basic: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Exchange:
    """What became of a call. `payload` is the parsed JSON, None for an empty body; `flaw` is "" when all is well.

    Without `status` no answer came, and `sent` says whether the vendor may have received the call.
    """

    status: int | None
    sent: bool = True
    flaw: str = ""
    timed_out: bool = False
    payload: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict, repr=False)
    request_id: str | None = None
    vendor_message: str = ""
    vendor_code: str = ""


def perform(
    outgoing: Outgoing,
    *,
    limits: Limits,
    redactor: Redactor,
    on_call: Callable[[CallRecord], None],
    token: str = "",
    deadline: float | None = None,
    send_by: float | None = None,
) -> Exchange:
    """Make the call once and tell `on_call` about it, whatever becomes of it.

    `deadline` (`time.monotonic()`) is the total time-out from now unless given. Raises ValueError or TypeError for a
    body that is no JSON, before anything is done, and nothing of the network's.
    """
    redactor.learn_from(outgoing.json)
    redactor.learn_from(outgoing.form)
    redactor.learn_from(outgoing.params)
    request = _unprepared(outgoing, token)
    started_at, clock = datetime.now(UTC), time.monotonic()
    transmission = Transmission(deadline=deadline or clock + limits.total_timeout, send_by=send_by)
    outcome: Answer | NoAnswer = NoAnswer("interrupted", sent=True)
    prepared = None
    spool = Spool() if outgoing.list_of else None
    try:
        prepared, outcome = _send(request, limits, transmission, spool)
    finally:
        # Also when a time limit or a signal breaks in: what may have left must be in the log.
        exchange = _understand(outcome, redactor, outgoing, spool)
        took = time.monotonic() - clock
        _tell(on_call, _record(outgoing, prepared, outcome, exchange, redactor, started_at, took))
    return exchange


def _unprepared(outgoing: Outgoing, token: str) -> requests.Request:
    accepted = ANY_TEXT if outgoing.text_too else "application/json"
    headers = {"User-Agent": USER_AGENT, "Accept": accepted, "Accept-Encoding": "gzip"}
    body: bytes | None = None
    if outgoing.json is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(outgoing.json, allow_nan=False).encode()
    elif outgoing.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(outgoing.form, doseq=True).encode()
    return requests.Request(
        outgoing.method,
        outgoing.url,
        params=outgoing.params,
        data=body,
        headers=headers,
        auth=_Authorization(_basic(*outgoing.basic) if outgoing.basic else f"Bearer {token}" if token else ""),
    )


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


class _Authorization(requests.auth.AuthBase):
    """Given always, for requests would otherwise take a user name and password out of the URL."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value:
            request.headers["Authorization"] = self._value
        return request


def _send(
    request: requests.Request, limits: Limits, transmission: Transmission, spool: Spool | None
) -> tuple[requests.PreparedRequest | None, Answer | NoAnswer]:
    try:
        prepared = request.prepare()
    except (requests.RequestException, ValueError) as failure:
        # An address or a token that cannot be written into a request: a person's entry, not our mistake.
        return None, NoAnswer(reason_of(failure), sent=False)
    return prepared, transmit(prepared, limits, transmission, spool)


def _understand(outcome: Answer | NoAnswer, redactor: Redactor, outgoing: Outgoing, spool: Spool | None) -> Exchange:
    listed = _listed(outcome, outgoing.list_of, spool) if spool is not None else None
    if isinstance(outcome, NoAnswer):
        return Exchange(None, sent=outcome.sent, flaw=redactor.text(outcome.reason))
    payload, unreadable = (listed, "") if listed else _parsed(outcome.body, text_too=outgoing.text_too)
    redactor.learn_from(listed.beginning(MOST_LEARNED) if listed else payload)
    return Exchange(
        outcome.status,
        flaw=redactor.text(outcome.flaw) or unreadable,
        timed_out=outcome.timed_out,
        payload=payload,
        headers=outcome.headers,
        request_id=record.request_id_of(payload, outcome.headers, redactor),
        vendor_message=record.words_of(payload, redactor) if outcome.status >= 300 else "",
        vendor_code=record.code_of(payload, outcome.headers) if outcome.status >= 300 else "",
    )


def _listed(outcome: Answer | NoAnswer, name: str, spool: Spool) -> LongList | None:
    """The list, if it came whole; else the spool is of no more use."""
    if isinstance(outcome, Answer) and 200 <= outcome.status < 300 and not outcome.flaw:
        return LongList(spool, name)
    spool.close()
    return None


def _parsed(body: bytes, *, text_too: bool) -> tuple[Any, str]:
    """The payload, and why there is none. Infinity and NaN, which PostgreSQL's JSON does not know, become None."""
    if not body.strip():
        return None, ""
    try:
        return json.loads(body, parse_constant=lambda name: None), ""
    except (ValueError, RecursionError):
        return (_text_of(body), "") if text_too else (None, "it is not JSON")


def _text_of(body: bytes) -> str:
    """UTF-8, UTF-16 by its mark, or else Latin-1, in which everything can be read somehow."""
    encodings = ["utf-16"] if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else []
    for encoding in [*encodings, "utf-8-sig"]:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")


def _record(
    outgoing: Outgoing,
    prepared: requests.PreparedRequest | None,
    outcome: Answer | NoAnswer,
    exchange: Exchange,
    redactor: Redactor,
    started_at: datetime,
    seconds: float,
) -> CallRecord:
    response = ""
    if isinstance(outcome, Answer):
        response = record.response_text(outcome.status, outcome.headers, outcome.body, redactor)
    return CallRecord(
        method=outgoing.method,
        path=record.path_of((prepared and prepared.url) or outgoing.url, redactor),
        started_at=started_at,
        duration_ms=round(seconds * 1000),
        status=exchange.status,
        request_id=exchange.request_id,
        request=record.request_text(prepared, redactor) if prepared else "",
        response=response,
        error=exchange.flaw[: record.LONGEST_WORDS],
        quota=Quota.parse(exchange.headers),
        api_version=record.header(exchange.headers, "api-version", redactor),
        sunset=record.header(exchange.headers, "sunset", redactor),
    )


def _tell(on_call: Callable[[CallRecord], None], told: CallRecord) -> None:
    try:
        on_call(told)
    except Exception:
        # A line missing in the log must not turn a carried-out order into an unknown one.
        logger.exception("A vendor call could not be logged: %s %s, status %s", told.method, told.path, told.status)
