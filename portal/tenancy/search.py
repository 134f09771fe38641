"""Members in the search, by name and by e-mail address."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.search.registry import Description, SearchKind
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role


def describe(row: Mapping[str, Any]) -> Description:
    return Description(row["name"] or row["email"], row["email"] if row["name"] else "", Role(row["role"]).label)


PEOPLE = SearchKind(
    "tenancy.membership",
    _("People"),
    "user",
    Role.VIEWER,
    Membership,
    values={"name": "user__name", "email": "user__email", "role": "role"},
    describe=describe,
    url=lambda slug, pk: f"{reverse('tenancy:people', args=[slug])}#member-{pk}",
    list_name="tenancy:people",
    order=800,
)
