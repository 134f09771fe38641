"""Customer cards in the search."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.search.registry import Description, SearchKind
from portal.tenancy.roles import Role
from realtime.cards.models import Card, CardNumber


def describe(row: Mapping[str, Any]) -> Description:
    return Description(row["name"], row["company"] or row["reference"], "")


CARD_KIND = SearchKind(
    "realtime.card",
    _("Customer cards"),
    "users",
    Role.VIEWER,
    Card,
    values={name: name for name in ("name", "company", "reference")},
    describe=describe,
    url=lambda slug, pk: reverse("realtime:card", args=[slug, pk]),
    list_name="realtime:cards",
    order=540,
)


def describe_number(row: Mapping[str, Any]) -> Description:
    return Description(row["name"], row["number"], pk=row["card"])


CARD_NUMBERS = SearchKind(
    "realtime.card_number",
    _("Customers by number"),
    "phone",
    Role.VIEWER,
    CardNumber,
    values={"card": "card_id", "name": "card__name", "number": "number"},
    describe=describe_number,
    url=lambda slug, pk: reverse("realtime:card", args=[slug, pk]),
    list_name="realtime:cards",
    order=541,
)
