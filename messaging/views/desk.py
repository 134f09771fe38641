"""Which of the tenant's SMS accounts a page of messaging looks at."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from messaging.models import SmsAccount
from portal.tenancy.door import TenantRequest
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION, Connection


@dataclass(frozen=True)
class Desk:
    """`accounts` are all of the tenant's by name; `account` is the one looked at."""

    accounts: list[SmsAccount]
    account: SmsAccount

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


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk that ?connection= names, else the first; None when the tenant has no SMS connection. One query.

    Raises Http404 for a connection that is not the tenant's.
    """
    rows = SmsAccount.objects.select_related("connection__tenant")
    rows = rows.defer(*SEALED_OF_CONNECTION)
    accounts = list(rows.order_by("connection__name", "connection_id"))
    wanted = request.GET.get("connection") or ""
    if wanted and all(str(account.connection_id) != wanted for account in accounts):
        raise Http404
    if not accounts:
        return None
    return Desk(accounts, next((each for each in accounts if str(each.connection_id) == wanted), accounts[0]))


def no_connection(request: TenantRequest) -> HttpResponse:
    """There is nothing to show before a connection is made."""
    return render(request, "messaging/no_connection.html", {"may_connect": request.membership.allows(Role.ADMIN)})


def page(request: TenantRequest, template: str, desk: Desk, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page of the desk, with what its buttons need."""
    may = {
        "may_operate": request.membership.allows(Role.OPERATOR),
        "may_administer": request.membership.allows(Role.ADMIN),
    }
    return render(request, template, {"desk": desk, "connection": desk.connection, **may, **context}, status=status)
