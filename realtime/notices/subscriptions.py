"""Calls of which the portal is not told: the vendor refused a subscription, or a permission is missing for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from realtime.subscriptions.models import Subscription


def not_made(row: Subscription) -> None:
    """This subscription was asked for, and is not there."""
    args = {"connection": row.connection.name}
    raise_notice(NOT_TOLD, row.tenant_id, _key(row), args, subject=row.connection)


def told_again(row: Subscription) -> None:
    """One of the same person, or of the company, stands."""
    resolve_notice(NOT_TOLD, row.tenant_id, _key(row))


def scopes_lacking(connection: Connection, scopes: Sequence[str]) -> None:
    """The permissions that what the company wants would take; none is: it is over."""
    if scopes:
        args = {"connection": connection.name, "scopes": list(scopes)}
        raise_notice(SCOPE_LACKING, connection.tenant_id, connection.pk, args, subject=connection)
    else:
        resolve_notice(SCOPE_LACKING, connection.tenant_id, connection.pk)


def _key(row: Subscription) -> str:
    owner = row.grant.user_id if row.grant else None
    return f"{row.connection_id}:{owner or 'company'}"


def _refused_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("The portal is not told of calls: the vendor did not make the subscription (%(connection)s)")
        % {"connection": args["connection"]},
        _("The live board stands still. It is asked for again every half hour; connecting again may help."),
    )


def _lacking_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("A permission is missing, so less is told of calls than you want (%(connection)s)")
        % {"connection": args["connection"]},
        _("Missing: %(scopes)s. An admin of the telephone system connects again and allows it.")
        % {"scopes": ", ".join(args["scopes"])},
    )


def _page(notice: Notice, slug: str) -> str:
    return f"{reverse('realtime:subscriptions', args=[slug])}?connection={notice.subject_id}"


NOT_TOLD = Kind(
    "realtime.not_told",
    gettext_lazy("The vendor tells of no calls"),
    gettext_lazy("Live calls"),
    _refused_words,
    _page,
    gettext_lazy("See the subscriptions"),
    doors=(Role.ADMIN,),
    icon="bell",
    tone="danger",
    needs_you=True,
)
SCOPE_LACKING = Kind(
    "realtime.scope_lacking",
    gettext_lazy("A permission for call events is missing"),
    gettext_lazy("Live calls"),
    _lacking_words,
    _page,
    gettext_lazy("See the subscriptions"),
    doors=(Role.ADMIN,),
    icon="lock",
    tone="warning",
    needs_you=True,
)
