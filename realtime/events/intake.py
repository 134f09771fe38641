"""Where the vendor posts its events: stored as they came, and answered after the commit.

Before sessions, doors and their transaction. Nothing is signed: the address is the secret. What was posted is read later, by a
worker; a stranger learns nothing from an address that is nobody's.
"""

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError

from portal.tenancy.scope import tenant_scope
from portal.vendors.posted import Doorbell, posted_body
from realtime.events.addresses import PLACE, Address, Addresses, NoSuchAddress
from realtime.events.identity import key_of

logger = logging.getLogger(__name__)

MOST_BYTES = 65_536
# So long events gather before a worker is called: whoever looks at a board waits for it.
GATHER_SECONDS = 0.05
STORE = """
insert into realtime_event
(tenant_id, connection_id, subscription_id, key, body, event_type, received_at, outcome)
values (%s, %s, %s, %s, %s, '', clock_timestamp(), '')
on conflict (connection_id, key) do nothing
"""

addresses = Addresses()
bell = Doorbell("realtime.tasks.read_events", GATHER_SECONDS)


class EventIntake:
    """Middleware that answers below its place, and passes on everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PLACE):
            return self.get_response(request)
        response = _answer(request)
        response["Content-Length"] = "0"
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    """An address that is nobody's is 404 whatever is done with it."""
    try:
        return _take(request, addresses.address_at(request.path_info))
    except NoSuchAddress:
        return HttpResponse(status=404)
    except UnreadablePostError:
        return HttpResponse(status=400)
    except DatabaseError as failure:
        logger.warning("an event could not be stored: %s", type(failure).__name__)
        return HttpResponse(status=503, headers={"Retry-After": "5"})


def _take(request: HttpRequest, address: Address) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    body = posted_body(request, MOST_BYTES)
    if body is None:
        return HttpResponse(status=413)
    _store(address, body)
    bell.ring(address.tenant_id, address.connection_id)
    return HttpResponse(status=200)


def _store(address: Address, body: bytes) -> None:
    """Once however often it comes: committed when this returns."""
    values: list[int | str | bytes | None] = [
        address.tenant_id,
        address.connection_id,
        address.subscription_id,
        key_of(body),
        body,
    ]
    with tenant_scope(address.tenant_id), connection.cursor() as cursor:
        cursor.execute(STORE, values)
