"""What people are told of telephony."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.notices.models import Notice
from portal.notices.raising import key_of, raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role
from portal.vendors.models import Connection


def script_changed(connection: Connection) -> None:
    """The vendor has another external script than the one that was known."""
    _tell(connection, gone=False)


def script_gone(connection: Connection) -> None:
    _tell(connection, gone=True)


def script_settled(tenant_id: int, connection_id: int) -> None:
    """A person has accepted it, or has set or deleted the script."""
    resolve_notice(SCRIPT_MOVED, tenant_id, connection_id)


def open_about(connection_id: int) -> QuerySet[Notice]:
    """What was changed at the vendor and waits for somebody; one or none."""
    return Notice.objects.open().filter(key=key_of(SCRIPT_MOVED, connection_id))


def _tell(connection: Connection, *, gone: bool) -> None:
    """The newest state is what counts: an earlier notice that is still open is over."""
    resolve_notice(SCRIPT_MOVED, connection.tenant_id, connection.pk)
    args = {"connection": connection.name, "gone": gone}
    raise_notice(SCRIPT_MOVED, connection.tenant_id, connection.pk, args, subject=connection)


def _words(args: Mapping[str, Any]) -> Words:
    told = (
        _("The external script was removed at the vendor (%(connection)s)")
        if args["gone"]
        else _("The external script was changed at the vendor (%(connection)s)")
    )
    return Words(
        told % {"connection": args["connection"]},
        _("It decides about every call. Nobody did this here: accept it, or set the right script again."),
    )


def _page(notice: Notice, slug: str) -> str:
    return f"{reverse('telephony:external_script', args=[slug])}?connection={notice.subject_id}"


SCRIPT_MOVED = Kind(
    "telephony.script_moved",
    gettext_lazy("The external script was changed at the vendor"),
    gettext_lazy("Telephony"),
    _words,
    _page,
    gettext_lazy("See the script"),
    doors=(Role.ADMIN,),
    icon="send",
    tone="warning",
    needs_you=True,
)
