"""What people are told of telephony: accounts that the vendor has otherwise than the portal expected."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from telephony.models import Drift


def differences_found(connection: Connection, found: Sequence[Drift]) -> None:
    """One notice for a connection, open until its last difference is settled."""
    if found:
        raise_notice(
            DIFFERENCE,
            connection.tenant_id,
            connection.pk,
            {"connection": connection.name, "count": len(found)},
            subject=connection,
        )


def differences_settled(tenant_id: int, connection_id: int) -> None:
    """Some are open no more; when that was the last one of the connection, it is over."""
    if not Drift.objects.open().filter(connection_id=connection_id).exists():
        resolve_notice(DIFFERENCE, tenant_id, connection_id)


def _words(args: Mapping[str, Any]) -> Words:
    count = int(args["count"])
    title = ngettext(
        "The vendor has %(count)s SIP account otherwise than expected (%(connection)s)",
        "The vendor has %(count)s SIP accounts otherwise than expected (%(connection)s)",
        count,
    )
    return Words(
        title % {"count": count, "connection": args["connection"]},
        _("Nothing was changed. Somebody adopts it, or puts it right; until then costs and counts may be off."),
    )


def _page(notice: Notice, slug: str) -> str:
    return f"{reverse('telephony:differences', args=[slug])}?connection={notice.subject_id}"


DIFFERENCE = Kind(
    "telephony.difference",
    gettext_lazy("SIP accounts differ at the vendor"),
    gettext_lazy("Telephony"),
    _words,
    _page,
    gettext_lazy("See the difference"),
    doors=(Role.OPERATOR, Role.BILLING),
    icon="arrows-exchange",
    tone="warning",
    needs_you=True,
)
