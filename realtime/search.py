"""Extensions in the search."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.search.registry import Description, SearchKind
from portal.tenancy.roles import Role
from realtime.models import Extension


def describe(row: Mapping[str, Any]) -> Description:
    numbers = " · ".join(filter(None, [row["number"], row["external_number"]]))
    return Description(row["name"] or row["number"], numbers)


EXTENSIONS = SearchKind(
    "realtime.extension",
    _("Directory"),
    "users",
    Role.VIEWER,
    Extension,
    values={name: name for name in ("name", "number", "external_number")},
    describe=describe,
    url=lambda slug, pk: reverse("realtime:extension", args=[slug, pk]),
    list_name="realtime:directory",
    list_filters={"show": "all"},
    order=500,
)
