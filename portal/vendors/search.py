"""Connections in the search, by name."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.search.registry import Description, SearchKind
from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from portal.vendors.registry import vendor


def describe(row: Mapping[str, Any]) -> Description:
    return Description(row["name"], vendor(row["vendor"]).label, row["environment"] if row["enabled"] else "disabled")


CONNECTIONS = SearchKind(
    "vendors.connection",
    _("Connections"),
    "plug-connected",
    Role.VIEWER,
    Connection,
    values={name: name for name in ("name", "vendor", "environment", "enabled")},
    describe=describe,
    url=lambda slug, pk: reverse("vendors:connection", args=[slug, pk]),
    list_name="vendors:connections",
    order=830,
)
