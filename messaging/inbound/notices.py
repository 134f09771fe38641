"""What people are told of inbound messages: that passing them on failed for a day."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import Forward
from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role


def given_up(forward: Forward) -> None:
    """A message was not passed on, and will not be."""
    number = forward.inbound.to
    raise_notice(NOT_FORWARDED, forward.tenant_id, _key(forward), {"number": str(number)}, subject=number)


def passed_on(forward: Forward) -> None:
    """It works again."""
    resolve_notice(NOT_FORWARDED, forward.tenant_id, _key(forward))


def _key(forward: Forward) -> str:
    return f"{forward.inbound.to_id}:{forward.way}"


def _words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("Messages to %(number)s could not be passed on") % {"number": args["number"]},
        _("They were tried for a day and are kept here. See what was answered, and correct where they go."),
    )


def _page(notice: Notice, slug: str) -> str:
    return reverse("messaging:number", args=[slug, notice.subject_id])


NOT_FORWARDED = Kind(
    "messaging.not_forwarded",
    gettext_lazy("Inbound messages could not be passed on"),
    gettext_lazy("Messaging"),
    _words,
    _page,
    gettext_lazy("See the number"),
    doors=(Role.ADMIN,),
    icon="mail",
    tone="warning",
    needs_you=True,
)
