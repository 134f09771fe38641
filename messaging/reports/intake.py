"""Where the vendor posts delivery reports and inbound messages: proven, stored, and answered after the commit.

Before sessions, doors and their transaction. What was posted is read later, by a worker. A stranger learns nothing: every
address that is not this portal's own is 404, whatever is done with it.
"""

import hashlib
import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError

from messaging.reports import refused
from messaging.reports.addresses import INBOUND, REPORTS, Address, NoSuchAddress, address_of
from messaging.reports.keyring import Keyring
from messaging.reports.verifying import KEY_ID, SIGNATURE, NotProven, proven_by
from portal.tenancy.scope import tenant_scope
from portal.vendors.posted import Doorbell, posted_body

logger = logging.getLogger(__name__)

MOST_BYTES = 65_536
# So long reports gather before a worker is called.
GATHER_SECONDS = 0.2
# What tells one report from all others; by privacy settings it may be missing.
IDENTITIES = (b'"DLRID"', b'"MessageId"', b'"DocumentId"', b'"message_id"')
STORE = """
insert into messaging_report
(tenant_id, connection_id, sending_id, digest, body, key_id, received_at, outcome, status, code, more)
values (%s, %s, %s, %s, %s, %s, now(), '', '', '', '{}')
on conflict (connection_id, digest) do nothing
"""

keyring = Keyring()
bell = Doorbell("messaging.tasks.process_reports", GATHER_SECONDS)


class ReportIntake:
    """Middleware that answers below the two places, and passes on everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith((REPORTS, INBOUND)):
            return self.get_response(request)
        response = _answer(request)
        response["Content-Length"] = "0"
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        address = address_of(request.path_info)
    except NoSuchAddress:
        return HttpResponse(status=404)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        return _take(request, address)
    except UnreadablePostError:
        return HttpResponse(status=400)
    except DatabaseError as failure:
        logger.warning("a delivery report could not be stored: %s", type(failure).__name__)
        return HttpResponse(status=503, headers={"Retry-After": "30"})


def _take(request: HttpRequest, address: Address) -> HttpResponse:
    body = posted_body(request, MOST_BYTES)
    if body is None:
        refused.tally.add(address, "too_large")
        return HttpResponse(status=413)
    try:
        keys = keyring.keys_of(address)
        key = proven_by(keys, body, request.headers.get(SIGNATURE, ""), request.headers.get(KEY_ID, ""))
    except NotProven as flaw:
        refused.tally.add(address, flaw.reason)
        if flaw.reason == NotProven.UNKNOWN_KEY:
            refused.keys_wanted.ask(address)
        return HttpResponse(status=401)
    _store(address, body, key.key_id)
    bell.ring(address.tenant_id, address.connection_id)
    refused.tally.write_if_due()
    return HttpResponse(status=200)


def _store(address: Address, body: bytes, key_id: str) -> None:
    """Once however often it comes: committed when this returns."""
    values: list[int | str | bytes | None] = [
        address.tenant_id,
        address.connection_id,
        address.sending_id,
        _digest(address, body),
        body,
        key_id,
    ]
    with tenant_scope(address.tenant_id), connection.cursor() as cursor:
        cursor.execute(STORE, values)


def _digest(address: Address, body: bytes) -> bytes:
    """By which the same report is known again, also at another address.

    One that does not tell itself from others ({"StatusCode": 1}) is only the same at the same address.
    """
    named = any(identity in body for identity in IDENTITIES)
    return hashlib.sha256(body if named else b"%d:%b" % (address.sending_id, body)).digest()
