"""What people are told of grants: lost, or about to end. Of the company's its admins, of a person's own that person."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice, resolve_notices
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role
from realtime.grants.models import Grant

GROUP = gettext_lazy("Live calls")


def grant_lost(grant: Grant) -> None:
    kind = OWN_LOST if grant.personal else LOST
    args = {"connection": grant.connection.name, "connection_pk": grant.connection_id}
    raise_notice(kind, grant.tenant_id, grant.pk, args, subject=grant, only=grant.user_id)


def grant_ending(grant: Grant, days: int) -> None:
    """Its refresh token ends within `days`; each number of days is worth a word of its own."""
    kind = OWN_ENDING if grant.personal else ENDING
    if grant.refresh_expires_at is None:
        return
    key = f"{grant.pk}:{grant.refresh_expires_at.date()}:{days}"
    args = {
        "connection": grant.connection.name,
        "connection_pk": grant.connection_id,
        "at": grant.refresh_expires_at.isoformat(),
    }
    resolve_notices(kind, grant.tenant_id, grant.pk, but=key)
    raise_notice(kind, grant.tenant_id, key, args, subject=grant, only=grant.user_id)


def grant_well(grant: Grant) -> None:
    """Connected again, refreshed, or ended by a person: nothing of it needs anybody."""
    lost, ending = (OWN_LOST, OWN_ENDING) if grant.personal else (LOST, ENDING)
    resolve_notice(lost, grant.tenant_id, grant.pk)
    resolve_notices(ending, grant.tenant_id, grant.pk)


# --- Words ------------------------------------------------------------------------------------------------------------


def _lost_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("Live calls need to be connected again (%(connection)s)") % {"connection": args["connection"]},
        _(
            "The permission at the vendor is lost: no calls are shown and none are steered until somebody connects again."
        ),
    )


def _own_lost_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("Connect your telephone again (%(connection)s)") % {"connection": args["connection"]},
        _("Your own permission at the vendor is lost: nothing is done in your name until you connect again."),
    )


def _ending_words(args: Mapping[str, Any]) -> Words:
    at = parse_datetime(args["at"])
    return Words(
        _("A permission ends on %(date)s (%(connection)s)")
        % {"date": date_format(localtime(at)) if at else "", "connection": args["connection"]},
        _("It could not be renewed for months. Everything works until then; connect again to go on after it."),
    )


def _page(notice: Notice, slug: str) -> str:
    return f"{reverse('realtime:connect', args=[slug])}?connection={notice.args['connection_pk']}"


def _kind(name: str, label: Any, words: Any, role: Role) -> Kind:
    verb = gettext_lazy("Connect again")
    return Kind(
        name, label, GROUP, words, _page, verb, doors=(role,), icon="plug-connected", tone="warning", needs_you=True
    )


LOST = _kind("realtime.grant_lost", gettext_lazy("Live calls need to be connected again"), _lost_words, Role.ADMIN)
OWN_LOST = _kind(
    "realtime.own_grant_lost", gettext_lazy("My telephone needs to be connected again"), _own_lost_words, Role.VIEWER
)
ENDING = _kind("realtime.grant_ending", gettext_lazy("A permission of live calls ends"), _ending_words, Role.ADMIN)
OWN_ENDING = _kind(
    "realtime.own_grant_ending", gettext_lazy("My own permission of live calls ends"), _ending_words, Role.VIEWER
)
KINDS = [LOST, OWN_LOST, ENDING, OWN_ENDING]
