"""Contacts in the search."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from messaging.people.models import Contact
from portal.search.registry import Description, SearchKind
from portal.tenancy.roles import Role


def describe(row: Mapping[str, Any]) -> Description:
    return Description(row["name"] or row["number"], row["number"], "")


CONTACTS = SearchKind(
    "messaging.contact",
    _("Contacts"),
    "users",
    Role.VIEWER,
    Contact,
    values={name: name for name in ("name", "number")},
    describe=describe,
    url=lambda slug, pk: reverse("messaging:contact", args=[slug, pk]),
    list_name="messaging:contacts",
    order=430,
)
