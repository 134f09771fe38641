"""What people are told of exports: the file is ready. Told to whoever asked for it."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.lists.models import Export
from portal.lists.registry import list_of
from portal.notices.models import Notice
from portal.notices.raising import raise_notice
from portal.notices.registry import Kind, Words
from portal.tenancy.roles import Role
from portal.ui import formats


def export_ready(export: Export) -> None:
    """The file can be fetched. In the caller's transaction."""
    args = {"list": export.list_key, "rows": export.rows}
    raise_notice(READY, export.tenant_id, export.pk, args, subject=export, only=export.asked_by_id)


def _ready_words(args: Mapping[str, Any]) -> Words:
    spec = list_of(args["list"])
    rows = ngettext("It has %(count)s row.", "It has %(count)s rows.", args["rows"]) % {
        "count": formats.number(args["rows"])
    }
    return Words(_("Your export is ready: %(list)s") % {"list": spec.label if spec else args["list"]}, rows)


def _page(notice: Notice, slug: str) -> str:
    return reverse("lists:exported", args=[slug, notice.subject_id])


READY = Kind(
    "lists.export_ready",
    gettext_lazy("An export that you asked for is ready"),
    gettext_lazy("Lists"),
    _ready_words,
    _page,
    gettext_lazy("Fetch the file"),
    doors=(Role.VIEWER,),
    icon="download",
    tone="success",
)
KINDS = [READY]
