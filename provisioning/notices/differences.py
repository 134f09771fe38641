"""What the vendor says otherwise than the portal expected."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notices
from portal.notices.registry import Kind, Words
from portal.vendors.models import Connection
from provisioning.models import Drift
from provisioning.notices.wording import GROUP, MONEY


def differences_found(connection: Connection, found: Sequence[Drift]) -> None:
    """One notice for what one reading found anew."""
    if found:
        args = {"connection": connection.name, "count": len(found)}
        key = f"{connection.pk}:{found[0].pk}"
        raise_notice(DIFFERENCE, connection.tenant_id, key, args, subject=found[0] if len(found) == 1 else connection)


def differences_settled(tenant_id: int, connection_id: int) -> None:
    """Some are open no more; when that was the last one of the connection, it is over."""
    if not Drift.objects.open().filter(connection_id=connection_id).exists():
        resolve_notices(DIFFERENCE, tenant_id, connection_id)


def _difference_words(args: Mapping[str, Any]) -> Words:
    count = int(args["count"])
    title = ngettext(
        "The vendor says something that the portal did not expect (%(connection)s)",
        "The vendor says %(count)s things that the portal did not expect (%(connection)s)",
        count,
    )
    return Words(
        title % {"count": count, "connection": args["connection"]},
        _("Nothing was changed. Somebody adopts it, or puts it right; until then costs and counts may be off."),
    )


def _difference_page(notice: Notice, slug: str) -> str:
    if notice.subject_type == Drift._meta.label_lower:
        return reverse("provisioning:difference", args=[slug, notice.subject_id])
    return f"{reverse('provisioning:differences', args=[slug])}?connection={notice.subject_id}"


DIFFERENCE = Kind(
    "provisioning.difference",
    gettext_lazy("The vendor says something unexpected"),
    GROUP,
    _difference_words,
    _difference_page,
    gettext_lazy("See the difference"),
    doors=MONEY,
    icon="arrows-exchange",
    tone="warning",
    needs_you=True,
)
KINDS = [DIFFERENCE]
