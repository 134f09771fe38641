"""How the connections are doing, and what their vendors announced, on a tenant's first page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from portal.vendors.models import Connection

SHOWN = 6


def connections_card(request: HttpRequest) -> tuple[str, Mapping[str, Any]]:
    """The first connections by name; to those who may add one, an invitation to when there is none."""
    return "vendors/_home_card.html", {"connections": _connections(request)[:SHOWN]}


def notices_banner(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    """What vendors announced about their APIs, of the first few; stays away when they announced nothing."""
    noticed = [connection for connection in _connections(request) if connection.health.noticeable][:SHOWN]
    return ("vendors/_notices.html", {"noticed_connections": noticed}) if noticed else None


def _connections(request: HttpRequest) -> list[Connection]:
    """Read once for both."""
    if not hasattr(request, "home_connections"):
        request.home_connections = list(Connection.objects.for_home(SHOWN))  # type: ignore[attr-defined]
    return request.home_connections  # type: ignore[attr-defined]
