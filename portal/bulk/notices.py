"""What people are told of bulk work: it waits for something, it has ended. Told to whoever started it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.bulk.models import Batch
from portal.bulk.registry import batch_kind
from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.sentences import Sentence
from portal.ui import formats

GROUP = gettext_lazy("Bulk work")
# For so long a person is taken to watch the page of what was started there.
WATCHED = timedelta(minutes=1)


def ended(batch: Batch) -> None:
    """Done or taken back. Work that was done while its person still looks at it is no news. In the caller's transaction."""
    resolve_notice(WAITS, batch.tenant_id, batch.pk)
    if batch.state == Batch.State.DONE and _took(batch) > WATCHED:
        args = {**_args(batch), "promised": batch.promised, "not_done": batch.refused + batch.bad}
        raise_notice(FINISHED, batch.tenant_id, batch.pk, args, subject=batch, only=_starter(batch))


def waits_or_goes_on(batch: Batch) -> None:
    """It waits for something that a person can see to (a free product), or goes on again."""
    if batch.waits_for:
        args = {**_args(batch), "waits_for": batch.waits_for, "left": batch.left}
        raise_notice(WAITS, batch.tenant_id, batch.pk, args, subject=batch, only=_starter(batch))
    else:
        resolve_notice(WAITS, batch.tenant_id, batch.pk)


def _took(batch: Batch) -> timedelta:
    return (batch.ended_at or batch.created_at) - (batch.started_at or batch.created_at)


def _starter(batch: Batch) -> int:
    return batch.started_by_id or batch.created_by_id


def _args(batch: Batch) -> dict[str, Any]:
    return {"kind": batch.kind, "file": batch.file_name}


def _what(args: Mapping[str, Any]) -> str:
    kind = batch_kind(args["kind"])
    label = str(kind.label) if kind else args["kind"]
    return f"{label}: {args['file']}" if args["file"] else label


def _finished_words(args: Mapping[str, Any]) -> Words:
    asked = ngettext("%(count)s row was asked for.", "%(count)s rows were asked for.", args["promised"])
    text = asked % {"count": formats.number(args["promised"])}
    if args["not_done"]:
        left_out = ngettext("%(count)s row was not done.", "%(count)s rows were not done.", args["not_done"])
        text = f"{text} {left_out % {'count': formats.number(args['not_done'])}}"
    return Words(_("Bulk work has ended: %(what)s") % {"what": _what(args)}, text)


def _waits_words(args: Mapping[str, Any]) -> Words:
    left = ngettext("%(count)s row is left.", "%(count)s rows are left.", args["left"]) % {
        "count": formats.number(args["left"])
    }
    return Words(
        _("Bulk work waits: %(what)s") % {"what": _what(args)}, f"{Sentence.from_json(args['waits_for'])} {left}"
    )


def _page(notice: Notice, slug: str) -> str:
    return reverse("bulk:batch", args=[slug, notice.subject_id])


FINISHED = Kind(
    "bulk.finished",
    gettext_lazy("Bulk work that you started has ended"),
    GROUP,
    _finished_words,
    _page,
    gettext_lazy("See the result"),
    icon="upload",
    tone="success",
)
WAITS = Kind(
    "bulk.waits",
    gettext_lazy("Bulk work that you started waits for something"),
    GROUP,
    _waits_words,
    _page,
    gettext_lazy("See what it waits for"),
    icon="hourglass",
    tone="warning",
    needs_you=True,
)
KINDS = [FINISHED, WAITS]
