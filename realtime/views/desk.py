"""Where on the pages of live calls somebody stands: which of the tenant's telephone systems is looked at."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal.tenancy.roles import Role
from portal.vendors import desks
from portal.vendors.desks import allows, asked_for
from portal.vendors.models import SEALED_OF_CONNECTION, Connection
from realtime.models import RealtimeAccount


@dataclass(frozen=True)
class Desk(desks.Desk):
    """`accounts` are those of all connections by name; `account` is the one looked at."""

    accounts: list[RealtimeAccount]
    account: RealtimeAccount
    app = "realtime"

    @property
    def mirror(self) -> RealtimeAccount:
        return self.account

    @property
    def connection(self) -> Connection:
        return self.account.connection

    @property
    def connections(self) -> list[Connection]:
        return [account.connection for account in self.accounts]


def desk_of(request: HttpRequest, **along: Any) -> Desk | None:
    """The desk that ?connection= names, else the first; None when the tenant has no telephone system. One query.

    `along` are annotations of the accounts, for a page that has no query to spare. Raises Http404 for a connection that is
    not the tenant's.
    """
    rows = RealtimeAccount.objects.select_related("connection__health", "connection__tenant").annotate(**along)
    sealed = (*SEALED_OF_CONNECTION, "connection__health__access_token")
    accounts = list(rows.defer(*sealed).order_by("connection__name", "connection_id"))
    if not accounts:
        return None
    return Desk(accounts, _chosen(accounts, asked_for(request)))


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
