"""Extensions in the search, and where numbers lead."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.search.registry import Description, Jump, SearchKind
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role
from realtime.models import Extension
from realtime.numbers import BadNumber, read_number


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


def calls_of(membership: Membership, text: str) -> Jump | None:
    """Where a telephone number was typed, however it is written: all calls from it and to it."""
    try:
        number = read_number(text.strip()).e164
    except BadNumber:
        return None
    url = reverse("realtime:calls", args=[membership.tenant.slug])
    return Jump(
        gettext("Calls from and to %(number)s") % {"number": number},
        _("Live calls"),
        f"{url}?{urlencode({'q': number})}",
    )
