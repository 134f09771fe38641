"""What people are told of outgoing webhooks: that one was disabled, since nothing got through for three days."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role
from realtime.hooks.models import Endpoint


def disabled(endpoint: Endpoint) -> None:
    """Nothing more is told to it."""
    raise_notice(ENDPOINT_DISABLED, endpoint.tenant_id, endpoint.pk, {"name": endpoint.name}, subject=endpoint)


def looked_after(endpoint: Endpoint) -> None:
    """Somebody enabled it again, or took it away."""
    resolve_notice(ENDPOINT_DISABLED, endpoint.tenant_id, endpoint.pk)


def _words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("The webhook “%(name)s” was disabled") % args,
        _(
            "Nothing got through for three days. Nothing more is sent there until it is enabled again; see what was answered."
        ),
    )


def _page(notice: Notice, slug: str) -> str:
    return reverse("realtime:endpoint", args=[slug, notice.subject_id])


ENDPOINT_DISABLED = Kind(
    "realtime.endpoint_disabled",
    gettext_lazy("An outgoing webhook was disabled"),
    gettext_lazy("Live calls"),
    _words,
    _page,
    gettext_lazy("See the webhook"),
    doors=(Role.ADMIN,),
    icon="plug-connected-x",
    tone="danger",
    needs_you=True,
)
