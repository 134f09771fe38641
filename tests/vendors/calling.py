"""Calls over a connection as the portal's workers make them."""

import threading
from collections.abc import Callable

from django.db import connection as database

from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorError
from portal.vendors.line import Line
from portal.vendors.models import Connection

TOKEN_ROUTE = "/oauth/client_credential/accesstoken"


def read_inventory(connection: Connection, calls: int = 1) -> list | VendorError:
    """What the vendor answered, or the error; what was learned is written down either way."""
    line, answer, error = Line(connection), [], None
    try:
        for _ in range(calls):
            answer = line.http.get("/inventory")
    except VendorError as failure:
        error = failure
    with tenant_scope(connection.tenant_id):
        line.close(error)
    return error or answer


def all_at_once(count: int, work: Callable[[], object]) -> list[object]:
    """The results of `work` in `count` threads that begin together."""
    together, results = threading.Barrier(count), []

    def run() -> None:
        together.wait()
        try:
            results.append(work())
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def token_calls(control) -> int:
    return sum(request["path"].startswith(TOKEN_ROUTE) for request in control.requests(last=1000))


def api_calls(control) -> int:
    return sum(not request["path"].startswith(TOKEN_ROUTE) for request in control.requests(last=1000))
