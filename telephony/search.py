"""SIP accounts in the search."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.search.registry import Description, SearchKind
from portal.tenancy.roles import Role
from telephony.models import SipAccount


def describe(row: Mapping[str, Any]) -> Description:
    shown = SipAccount(username=row["username"], state=row["state"])
    return Description(row["username"], row["name"], shown.condition)


SIP_ACCOUNTS = SearchKind(
    "telephony.sip_account",
    _("SIP accounts"),
    "phone",
    Role.VIEWER,
    SipAccount,
    values={name: name for name in ("username", "name", "state")},
    describe=describe,
    url=lambda slug, pk: reverse("telephony:sip_account", args=[slug, pk]),
    list_name="telephony:sip_accounts",
    list_filters={"state": "all"},
    order=300,
)
