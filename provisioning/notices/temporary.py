"""Temporary subscribers whose time was over."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.raising import raise_notice
from portal.notices.registry import Kind, Mail, Words
from provisioning.models import Subscriber
from provisioning.notices.wording import GROUP

NAMED = 5


def temporary_ended(tenant_id: int, ended: Sequence[Subscriber]) -> None:
    """The portal has had these deleted, since their time was over."""
    if ended:
        args = {"count": len(ended), "names": [subscriber.username for subscriber in ended[:NAMED]]}
        raise_notice(TEMPORARY, tenant_id, f"{ended[0].pk}:{len(ended)}", args)


def _temporary_words(args: Mapping[str, Any]) -> Words:
    count = int(args["count"])
    title = ngettext("%(count)s temporary subscriber ended", "%(count)s temporary subscribers ended", count)
    names = ", ".join(args["names"]) + ("…" if count > len(args["names"]) else "")
    return Words(title % {"count": count}, _("The portal has them deleted: %(names)s.") % {"names": names})


def _subscribers_page(notice: Notice, slug: str) -> str:
    return f"{reverse('provisioning:subscribers', args=[slug])}?state=deleted&kind=temporary"


TEMPORARY = Kind(
    "provisioning.temporary_ended",
    gettext_lazy("Temporary subscribers ended"),
    GROUP,
    _temporary_words,
    _subscribers_page,
    gettext_lazy("See the subscribers"),
    icon="clock",
    mail=Mail.DAILY,
    at_once=False,
)
KINDS = [TEMPORARY]
