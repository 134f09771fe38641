"""Campaigns in the search. Messages are found by number on a page of their own: they are too many to be kept as words."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from messaging.campaigns.lookup import number_in
from messaging.models import Campaign
from portal.search.registry import Description, Jump, SearchKind
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role


def describe(row: Mapping[str, Any]) -> Description:
    return Description(row["name"], row["sender"], Campaign(state=row["state"]).condition)


CAMPAIGNS = SearchKind(
    "messaging.campaign",
    _("Campaigns"),
    "message",
    Role.VIEWER,
    Campaign,
    values={name: name for name in ("name", "sender", "state")},
    describe=describe,
    url=lambda slug, pk: reverse("messaging:campaign", args=[slug, pk]),
    list_name="messaging:campaigns",
    order=400,
)


def messages_to(membership: Membership, text: str) -> Jump | None:
    """Where a mobile number was typed: all that was sent to it."""
    number = number_in(text)
    if not number:
        return None
    url = reverse("messaging:messages", args=[membership.tenant.slug])
    return Jump(_("Messages to %(number)s") % {"number": number}, _("Messaging"), f"{url}?{urlencode({'q': number})}")
