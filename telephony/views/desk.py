"""Where on the telephony pages somebody stands: which of the tenant's connections is looked at."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from telephony.models import MirrorState


@dataclass(frozen=True)
class Desk:
    """`mirrors` are those of all connections by name; `connection` is the one looked at."""

    mirrors: list[MirrorState]
    mirror: MirrorState

    @property
    def connection(self) -> Connection:
        return self.mirror.connection

    @property
    def connections(self) -> list[Connection]:
        return [mirror.connection for mirror in self.mirrors]

    @property
    def several(self) -> bool:
        return len(self.mirrors) > 1

    @property
    def query(self) -> str:
        """What links of this connection end in; nothing where there is only one."""
        return f"?{urlencode({'connection': self.connection.pk})}" if self.several else ""

    @property
    def awaited(self) -> bool:
        return self.mirror.awaited

    @property
    def stale_after(self) -> int:
        """Seconds after which the mirror should have been read three times."""
        return self.mirror.stale_after


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk that ?connection= names, else the first; None when the tenant has no telephony connection. One query.

    Raises Http404 for a connection that is not the tenant's.
    """
    rows = MirrorState.objects.select_related("connection__health", "connection__tenant")
    sealed = ("connection__client_id", "connection__client_secret", "connection__health__access_token")
    mirrors = list(rows.defer(*sealed).order_by("connection__name", "connection_id"))
    if not mirrors:
        return None
    return Desk(mirrors, _chosen(mirrors, request.GET.get("connection") or request.POST.get("connection") or ""))


def _chosen(mirrors: list[MirrorState], pk: str) -> MirrorState:
    if not pk:
        return mirrors[0]
    chosen = next((mirror for mirror in mirrors if str(mirror.connection_id) == pk), None)
    if chosen is None:
        raise Http404
    return chosen


def no_connection(request: HttpRequest) -> HttpResponse:
    """There is nothing to show before a connection is made."""
    return render(request, "telephony/no_connection.html", {"may_connect": allows(request, Role.ADMIN)})


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
