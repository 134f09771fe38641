"""How the connections are doing, on a tenant's first page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from portal.vendors.models import Connection

SHOWN = 6


def connections_card(request: HttpRequest) -> tuple[str, Mapping[str, Any]]:
    """The first connections by name; to those who may add one, an invitation to when there is none."""
    connections = list(Connection.objects.select_related("health")[:SHOWN])
    return "vendors/_home_card.html", {"connections": connections}
