"""Where on the telephony pages somebody stands: which of the tenant's connections is looked at."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal.tenancy.roles import Role
from portal.vendors import desks
from portal.vendors.desks import allows, asked_for
from portal.vendors.models import SEALED_OF_CONNECTION, Connection
from telephony.models import MirrorState


@dataclass(frozen=True)
class Desk(desks.Desk):
    """`mirrors` are those of all connections by name; `chosen` is the one looked at."""

    mirrors: list[MirrorState]
    chosen: MirrorState
    app = "telephony"

    @property
    def mirror(self) -> MirrorState:
        return self.chosen

    @property
    def connection(self) -> Connection:
        return self.chosen.connection

    @property
    def connections(self) -> list[Connection]:
        return [mirror.connection for mirror in self.mirrors]


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk that ?connection= names, else the first; None when the tenant has no telephony connection. One query.

    Raises Http404 for a connection that is not the tenant's.
    """
    rows = MirrorState.objects.select_related("connection__health", "connection__tenant")
    sealed = (*SEALED_OF_CONNECTION, "connection__health__access_token")
    mirrors = list(rows.defer(*sealed).order_by("connection__name", "connection_id"))
    return Desk(mirrors, _chosen(mirrors, asked_for(request))) if mirrors else None


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
