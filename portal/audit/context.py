"""Where a request comes from, for the audit trail and for support: its id and its address."""

import ipaddress
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True)
class RequestContext:
    """`on_behalf_of` is the member with whose eyes and rights support staff is at work, None for everybody else."""

    request_id: str = ""
    ip_address: str | None = None
    on_behalf_of: Any = None


NO_REQUEST = RequestContext()
_context: ContextVar[RequestContext] = ContextVar("request_context", default=NO_REQUEST)


def request_context() -> RequestContext:
    return _context.get()


def act_on_behalf_of(person: Any) -> None:
    """From here to the end of the request what is recorded was done for `person` too. Only the door may say so."""
    _context.set(replace(_context.get(), on_behalf_of=person))


@contextmanager
def acting_for(request_id: str) -> Iterator[None]:
    """What the background does for a click carries the id of that click's request."""
    token = _context.set(replace(_context.get(), request_id=request_id))
    try:
        yield
    finally:
        _context.reset(token)


class RequestContextMiddleware:
    """Give each request an id, which the answer carries as X-Request-Id and the audit trail keeps."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        context = RequestContext(uuid.uuid4().hex, client_address(request))
        token = _context.set(context)
        request.request_id = context.request_id  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            _context.reset(token)
        response["X-Request-Id"] = context.request_id
        return response


def client_address(request: HttpRequest) -> str | None:
    """The caller's address: the socket's, or the one that the outermost trusted proxy saw. None if it is no address."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    proxies = settings.TRUSTED_PROXIES
    claimed = hops[-proxies] if proxies and len(hops) >= proxies else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(claimed))
    except ValueError:
        return None
