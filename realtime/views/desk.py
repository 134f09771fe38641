"""Where on the pages of live calls somebody stands: which of the tenant's telephone systems is looked at."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from realtime.models import RealtimeAccount


@dataclass(frozen=True)
class Desk:
    """`accounts` are those of all connections by name; `account` is the one looked at."""

    accounts: list[RealtimeAccount]
    account: RealtimeAccount

    @property
    def connection(self) -> Connection:
        return self.account.connection

    @property
    def connections(self) -> list[Connection]:
        return [account.connection for account in self.accounts]

    @property
    def several(self) -> bool:
        return len(self.accounts) > 1

    @property
    def query(self) -> str:
        """What links of this connection end in; nothing where there is only one."""
        return f"?{urlencode({'connection': self.connection.pk})}" if self.several else ""


def desk_of(request: HttpRequest, **along: Any) -> Desk | None:
    """The desk that ?connection= names, else the first; None when the tenant has no telephone system. One query.

    `along` are annotations of the accounts, for a page that has no query to spare. Raises Http404 for a connection that is
    not the tenant's.
    """
    rows = RealtimeAccount.objects.select_related("connection__health", "connection__tenant").annotate(**along)
    sealed = ("connection__client_id", "connection__client_secret", "connection__health__access_token")
    accounts = list(rows.defer(*sealed).order_by("connection__name", "connection_id"))
    if not accounts:
        return None
    return Desk(accounts, _chosen(accounts, request.GET.get("connection") or request.POST.get("connection") or ""))


def _chosen(accounts: list[RealtimeAccount], pk: str) -> RealtimeAccount:
    if not pk:
        return accounts[0]
    chosen = next((account for account in accounts if str(account.connection_id) == pk), None)
    if chosen is None:
        raise Http404
    return chosen


def no_connection(request: HttpRequest) -> HttpResponse:
    """There is nothing to show before a connection is made."""
    return render(request, "realtime/no_connection.html", {"may_connect": allows(request, Role.ADMIN)})


def page(request: HttpRequest, template: str, desk: Desk, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page of the desk, with what its frame and its buttons need."""
    return render(request, template, {"desk": desk, **frame(request, desk.connection), **context}, status=status)


def frame(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    return {
        "connection": connection,
        "test_environment": connection.environment == Connection.Environment.TEST,
        "may_operate": SimpleLazyObject(lambda: allows(request, Role.OPERATOR)),
        "may_administer": SimpleLazyObject(lambda: allows(request, Role.ADMIN)),
    }


def allows(request: HttpRequest, role: Role) -> bool:
    return request.membership.allows(role)  # type: ignore[attr-defined]


def slug_of(request: HttpRequest) -> str:
    return request.tenant.slug  # type: ignore[attr-defined]
