"""How one exchange is written down for the call log: redacted, bounded, without the host."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from portal.vendors.quota import Quota
from portal.vendors.redaction import Redactor

LONGEST_TEXT = 8_000
LONGEST_PATH = 300
LONGEST_WORDS = 300
LONGEST_ID = 100
LONGEST_VERSION = 80
LONGEST_HEADER = 200
HEADERS_OF_INTEREST = (
    "accept",
    "authorization",
    "content-type",
    "content-length",
    "content-encoding",
    "date",
    "location",
    "retry-after",
    "www-authenticate",
    "x-request-id",
    "x-transaction-id",
    "quota-limit",
    "quota-used",
    "quota-interval",
    "quota-time-unit",
    "quota-reset-utc",
    "api-version",
    "sunset",
)
# Where the vendors put their own words: KPN's gateway, its SMS service, its OAuth server, and Apigee's faults.
_SENTENCES = ("message", "error_description", "faultstring", "info")
_TITLES = ("error", "error_code", "name")
# A code that an OAuth server or a vendor's API gives to an error: one word, in JSON that need not be sound, or in a header.
_CODE = re.compile(r"""\berror(?:_code)?\b["']?\s{0,9}[:=]\s{0,9}["']?([A-Za-z][\w.-]{1,59})""")
_WRAPPERS = ("errorResponse", "fault")


@dataclass(frozen=True)
class CallRecord:
    """One HTTP exchange for the call log. Texts are redacted and at most 8 kB; `path` has no host and no query.

    `status` is None when no answer came; `error` then says why. `api_version` and `sunset` are as the vendor wrote
    them, "" when absent (a sunset of "n/a" means that none is planned).
    """

    method: str
    path: str
    started_at: datetime
    duration_ms: int
    status: int | None
    request_id: str | None
    request: str
    response: str
    error: str
    quota: Quota | None
    api_version: str
    sunset: str


def path_of(url: str, redactor: Redactor) -> str:
    """By hand, for this must also work on an address that is none."""
    return redactor.text(re.sub(r"^[^/]*//[^/?#]*|[?#].*$", "", url))[:LONGEST_PATH]


def request_text(request: requests.PreparedRequest, redactor: Redactor) -> str:
    first = f"{request.method} {redactor.text(request.path_url)}"
    return _text(first, request.headers, request.body or b"", redactor)


def response_text(status: int, headers: Mapping[str, str], body: bytes, redactor: Redactor) -> str:
    return _text(str(status), headers, body, redactor)


def header(headers: Mapping[str, str], name: str, redactor: Redactor) -> str:
    return redactor.text(headers.get(name, "").strip())[:LONGEST_VERSION]


def request_id_of(payload: Any, headers: Mapping[str, str], redactor: Redactor) -> str | None:
    """The vendor's name for this call: `transactionId` in an error body, else a header of the gateway."""
    told = [part.get("transactionId") for part in _parts(payload)]
    told += [headers.get("X-Transaction-Id"), headers.get("X-Request-Id")]
    known = (str(each).strip() for each in told if isinstance(each, str | int) and str(each).strip())
    return _one_line(next(known, ""), redactor)[:LONGEST_ID] or None


def words_of(payload: Any, redactor: Redactor) -> str:
    """The vendor's own explanation in one short line, "" when there is none."""
    parts = _parts(payload)
    words = _told(parts, _SENTENCES) or _told(parts, _TITLES)
    heads = [word.rstrip(". ") for word in words[:-1]]
    return _one_line(": ".join([*heads, *words[-1:]]), redactor)[:LONGEST_WORDS]


def code_of(payload: Any, headers: Mapping[str, str]) -> str:
    """The vendor's code for an error such as "invalid_grant", from the body or `WWW-Authenticate`; "" when there is none."""
    told = (part.get(name) for part in _parts(payload) for name in ("error_code", "error"))
    codes = [code for code in told if isinstance(code, str) and re.fullmatch(r"[A-Za-z][\w.-]{1,59}", code)]
    texts = [payload[:LONGEST_TEXT] if isinstance(payload, str) else "", headers.get("WWW-Authenticate", "")]
    return next(iter(codes or [found[1] for text in texts if (found := _CODE.search(text))]), "")


def _told(parts: list[dict], names: tuple[str, ...]) -> list[str]:
    told = (part.get(name) for part in parts for name in names)
    return [words for words in told if isinstance(words, str) and words.strip()]


def _parts(payload: Any) -> list[dict]:
    """The error body and what it wraps."""
    if isinstance(payload, list):
        payload = payload[0] if payload else None
    if not isinstance(payload, dict):
        return []
    return [payload, *(payload[name] for name in _WRAPPERS if isinstance(payload.get(name), dict))]


def _one_line(text: str, redactor: Redactor) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in redactor.text(text)).strip()


def _text(first: str, headers: Mapping[str, str], body: bytes | str, redactor: Redactor) -> str:
    named = {name: value for name, value in headers.items() if name.lower() in HEADERS_OF_INTEREST}
    lines = [f"{name}: {value[:LONGEST_HEADER]}" for name, value in redactor.headers(named).items()]
    shown = redactor.body(body)
    return "\n".join([first, *lines, *(["", shown] if shown else [])])[:LONGEST_TEXT]
