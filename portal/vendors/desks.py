"""A page of a vendor's app: what links, buttons and the age of the mirror need of the connection that is looked at."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from portal.tenancy.roles import Role
from portal.vendors.mirrors import Mirror
from portal.vendors.models import Connection


class Desk:
    """Where somebody stands: at one of the tenant's `connections` of a vendor. Apps say how these are read."""

    app = ""

    @property
    def connection(self) -> Connection:
        """The one that is looked at."""
        raise NotImplementedError

    @property
    def connections(self) -> Sequence[Connection]:
        raise NotImplementedError

    @property
    def mirror(self) -> Mirror:
        raise NotImplementedError

    @property
    def several(self) -> bool:
        return len(self.connections) > 1

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


def asked_for(request: HttpRequest) -> str:
    """The connection that an address or a form names; "" for none."""
    return request.GET.get("connection") or request.POST.get("connection") or ""


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


# --- How old the picture is -----------------------------------------------------------------------------------------


def mirror_piece(request: HttpRequest, desk: Desk, pages: Sequence[str]) -> HttpResponse:
    """How old the mirror is, polled from the button on until it is new; then the whole page is read anew.

    `pages` are those of the app that have the button; one that is not among them leads back to the first.
    """
    if request.htmx and request.GET.get("asked") and not desk.awaited:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, f"{desk.app}/_mirror.html", {"desk": desk, "back": _back(request, pages)})


def mirror_asked(request: HttpRequest, desk: Desk, pages: Sequence[str]) -> HttpResponse:
    """After the vendor is being asked: the piece, or the page of the app that somebody came from."""
    back = _back(request, pages)
    desk.mirror.refresh_from_db(fields=["asked_at", "due_at"])
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, f"{desk.app}/_mirror.html", {"desk": desk, "back": back})
    messages.info(request, _("The vendor is being asked. Reload the page in a moment to see what it says."))
    return redirect(reverse(f"{desk.app}:{back}", args=[slug_of(request)]) + desk.query)


def _back(request: HttpRequest, pages: Sequence[str]) -> str:
    name = request.GET.get("back", "")
    return name if name in pages else pages[0]
