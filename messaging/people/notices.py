"""What people are told of the senders that they asked for."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import Sender
from portal.notices.models import Notice
from portal.notices.raising import raise_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role


def tell_decision(sender: Sender) -> None:
    """Support has allowed or refused it; each decision is news of its own."""
    args = {"name": sender.name, "allowed": sender.state == Sender.State.ALLOWED, "why": sender.why}
    raise_notice(SENDER_DECIDED, sender.tenant_id, f"{sender.pk}:{sender.decided_at}", args, subject=sender)


def _words(args: Mapping[str, Any]) -> Words:
    if args["allowed"]:
        told = _("The sender “%(name)s” is allowed")
        return Words(told % args, args["why"] or _("Campaigns can be sent under this name from now on."))
    told = _("The sender “%(name)s” was refused")
    return Words(told % args, _("Support says: %(why)s") % args)


def _page(_notice: Notice, slug: str) -> str:
    return reverse("messaging:senders", args=[slug])


SENDER_DECIDED = Kind(
    "messaging.sender_decided",
    gettext_lazy("A sender was allowed or refused"),
    gettext_lazy("Messaging"),
    _words,
    _page,
    gettext_lazy("See the senders"),
    doors=(Role.ADMIN,),
    icon="message",
)
