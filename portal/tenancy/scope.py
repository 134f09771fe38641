"""Whose rows may be seen and written: set for one transaction at a time, enforced by row level security.

Nothing set means no rows and no writes. The scope is transaction-local (`set_config(…, true)`), so it cannot
leak to the next user of a pooled connection. Staff scope is a role of its own, never a condition in the tenants' policy.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

STAFF_ROLE = "portal_staff"


@dataclass(frozen=True)
class Scope:
    """One tenant's rows, or a user's own memberships, or (staff) the rows of all tenants."""

    tenant_id: int | None = None
    user_id: int | None = None
    staff: bool = False


NOBODY = Scope()
_current: ContextVar[Scope] = ContextVar("scope", default=NOBODY)


def current_scope() -> Scope:
    return _current.get()


@contextmanager
def tenant_scope(tenant_id: int) -> Iterator[None]:
    """A transaction that sees and writes the rows of one tenant only."""
    with _scope(Scope(tenant_id=int(tenant_id))):
        yield


@contextmanager
def user_scope(user_id: int | None) -> Iterator[None]:
    """A transaction that sees where a person belongs, and nothing inside any tenant."""
    with _scope(Scope(user_id=user_id)):
        yield


@contextmanager
def staff_scope() -> Iterator[None]:
    """A transaction over all tenants: for support staff, for the sweeper, for migrations of data. Always explicit."""
    with _scope(Scope(staff=True)):
        yield


def enter_tenant(tenant_id: int) -> None:
    """Narrow the running transaction to one tenant until it ends. Only the door may do this."""
    inner = replace(_current.get(), tenant_id=tenant_id)
    _current.set(inner)
    _tell_database(inner)


@contextmanager
def _scope(inner: Scope) -> Iterator[None]:
    outer, nested = _current.get(), connection.in_atomic_block
    token = _current.set(inner)
    try:
        with transaction.atomic():
            _tell_database(inner)
            try:
                yield
            finally:
                # A released savepoint keeps what was set LOCAL in it: the outer scope has to be put back by hand.
                if nested and not connection.needs_rollback:
                    _tell_database(outer)
    finally:
        _current.reset(token)


def _tell_database(scope: Scope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('role', %s, true), set_config('app.tenant_id', %s, true),"
            " set_config('app.user_id', %s, true)",
            [STAFF_ROLE if scope.staff else "none", str(scope.tenant_id or ""), str(scope.user_id or "")],
        )


class ScopeMiddleware:
    """One transaction around the view *and* the rendering of its template, in the scope of who asks.

    A page that ends in an error leaves nothing behind but what is kept even so (`keep_though_refused`). Staff scope is opened
    by the path of the Django admin and only for staff; the admin's own site checks the rest (`portal.tenancy.admin_site`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        staff = request.path.startswith("/admin/") and user.is_active and user.is_staff
        with _scope(Scope(user_id=user.pk, staff=staff)):
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        if response.status_code >= 400:
            for act in getattr(request, "kept_though_refused", ()):
                act()
        return response


def keep_though_refused(request: HttpRequest, act: Callable[[], None]) -> None:
    """Have `act` done in transactions of its own if the page ends in an error, after all else is undone: an entry of the audit
    trail that tells of the refusal.
    """
    request.kept_though_refused = [*getattr(request, "kept_though_refused", ()), act]  # type: ignore[attr-defined]
