"""Operations in the search: by what they are about, by number, and by the id of the request that asked for them."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.operations.models import Operation
from portal.operations.registry import kind_label
from portal.search.registry import Description, SearchKind
from portal.tenancy.roles import Role


def describe(row: Mapping[str, Any]) -> Description:
    names = {"kind": kind_label(row["kind"]), "number": row["id"]}
    return Description(row["label"], _("%(kind)s, number %(number)s") % names, row["status"])


OPERATIONS = SearchKind(
    "operations.operation",
    gettext_lazy("Activity"),
    "activity",
    Role.VIEWER,
    Operation,
    values={name: name for name in ("id", "label", "kind", "status")},
    describe=describe,
    url=lambda slug, pk: reverse("operations:operation", args=[slug, pk]),
    list_name="operations:operations",
    order=220,
)
