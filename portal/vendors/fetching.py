"""Fetching what a tenant names by an address, and posting there: from the public internet only, little, and not for long.

The vendor's own wire does it (`portal.vendors.wire`), so that where a name leads is checked for the very socket that is used.
For workers: a page never waits for somebody else's machine.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import requests
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.vendors.addresses import check_customer_url
from portal.vendors.line import limits
from portal.vendors.transmission import Transmission
from portal.vendors.wire import Answer, Limits, transmit

SECONDS = 5.0
MAX_BYTES = 1_000_000
# Without compression the bytes on the wire are the bytes that are counted.
_HEADERS = {"User-Agent": "Patchbay", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Fetched:
    """A whole answer of status 200."""

    body: bytes
    content_type: str


class NotFetched(Exception):
    """`str()` says in the reader's language why there is nothing, and what to do; `status` what was answered, if anything."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


def fetch(url: str) -> Fetched:
    """GET `url` within SECONDS. Redirects are not followed, cookies and credentials not sent. Raises NotFetched."""
    answer = _answer(requests.Request("GET", url, headers=_HEADERS))
    if answer.status != 200:
        raise NotFetched(_("The address answered with status %(status)d instead of 200.") % {"status": answer.status})
    return Fetched(answer.body, answer.headers.get("Content-Type", "")[:200])


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POST `body` as `fetch` gets, and return the status, 2xx. What is answered is not looked at beyond it. Raises NotFetched.

    It may have arrived all the same: whoever sends it again makes it known again (by a header of the caller's).
    """
    answer = _answer(requests.Request("POST", url, data=body, headers={**headers, **_HEADERS}))
    if not 200 <= answer.status < 300:
        why = _("The address answered with status %(status)d instead of 200.") % {"status": answer.status}
        raise NotFetched(why, answer.status)
    return answer.status


def _answer(request: requests.Request) -> Answer:
    """Raises NotFetched where no whole answer came, or one that leads elsewhere."""
    try:
        check_customer_url(request.url or "")
    except ValidationError as flaw:
        raise NotFetched(" ".join(flaw.messages)) from None
    answer = transmit(request.prepare(), _limits(), Transmission(deadline=time.monotonic() + SECONDS))
    if not isinstance(answer, Answer):
        raise NotFetched(_("Nothing was fetched: %(why)s.") % {"why": answer.reason})
    if answer.flaw:
        raise NotFetched(_("The answer was not read to its end: %(why)s.") % {"why": answer.flaw})
    if 300 <= answer.status < 400:
        why = _("The address leads on to another one, which is not followed. Enter that one itself.")
        raise NotFetched(why, answer.status)
    return answer


def _limits() -> Limits:
    return replace(
        limits(), connect_timeout=SECONDS, read_timeout=SECONDS, total_timeout=SECONDS, max_answer_bytes=MAX_BYTES
    )
