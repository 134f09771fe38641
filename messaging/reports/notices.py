"""What people are told of reports: a connection that is silent though it should not be, and reports that never came."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.models import SmsAccount
from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role
from portal.vendors.models import Connection


def silent(account: SmsAccount) -> None:
    """Reports are due and none comes."""
    args = {"connection": account.connection.name}
    raise_notice(SILENT, account.tenant_id, account.connection_id, args, subject=account.connection)


def heard_again(account: SmsAccount) -> None:
    resolve_notice(SILENT, account.tenant_id, account.connection_id)


def missing(connection: Connection, messages: int) -> None:
    """So many messages were told no end in their time."""
    args = {"connection": connection.name, "count": messages}
    raise_notice(MISSING, connection.tenant_id, connection.pk, args, subject=connection)


def none_missing(tenant_id: int, connection_id: int) -> None:
    resolve_notice(MISSING, tenant_id, connection_id)


def _silent_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("No delivery reports come (%(connection)s)") % {"connection": args["connection"]},
        _("Messages are still sent; what became of them is not told. Look at the signing keys and the refused posts."),
    )


def _missing_words(args: Mapping[str, Any]) -> Words:
    count = int(args["count"])
    title = ngettext(
        "The end of %(count)s message was never told (%(connection)s)",
        "The end of %(count)s messages was never told (%(connection)s)",
        count,
    )
    return Words(
        title % {"count": count, "connection": args["connection"]},
        _("They may have arrived. Nothing is sent again by itself; ask the vendor where it matters."),
    )


def _page(notice: Notice, slug: str) -> str:
    return f"{reverse('messaging:reports_health', args=[slug])}?connection={notice.subject_id}"


SILENT = Kind(
    "messaging.reports_silent",
    gettext_lazy("No delivery reports come"),
    gettext_lazy("Messaging"),
    _silent_words,
    _page,
    gettext_lazy("See what is known"),
    doors=(Role.ADMIN,),
    icon="alert-triangle",
    tone="warning",
    needs_you=True,
)
MISSING = Kind(
    "messaging.reports_missing",
    gettext_lazy("The end of messages was never told"),
    gettext_lazy("Messaging"),
    _missing_words,
    _page,
    gettext_lazy("See which"),
    doors=(Role.OPERATOR,),
    icon="alert-triangle",
    tone="info",
)
KINDS = [SILENT, MISSING]
