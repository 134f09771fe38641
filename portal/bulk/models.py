"""Bulk work: what somebody asked for by one file or one selection, and each row of it."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.bulk.registry import BatchKind, batch_kind
from portal.operations.models import Operation, Status
from portal.sentences import Sentence
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.turns import Turns

# Rows of one batch; a vendor does some of them in a second, and a person looks at them before.
MOST_ROWS = 10_000


class BatchQuerySet(models.QuerySet["Batch"]):
    def for_list(self) -> "BatchQuerySet":
        return self.select_related("created_by", "started_by", "undone_by")


class Batch(Turns):
    """One piece of bulk work: the rows of a file, or those chosen in a list, checked, shown, then promised in the background.

    `position` is the line up to which the present state has come. `checked`, `bad` … count rows; they change in the same
    transaction as the rows. `waits_for` says why nothing more can be promised just now.
    """

    class State(models.TextChoices):
        DETAILS = "details", _("Details to fill in")
        CHECKING = "checking", _("Being checked")
        READY = "ready", _("Ready to start")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Being taken back")
        UNDONE = "undone", _("Taken back")
        DISCARDED = "discarded", _("Discarded")

    kind = models.CharField(_("kind"), max_length=60)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DETAILS)
    form_key = models.UUIDField(null=True, editable=False)
    request_id = models.CharField(max_length=40, blank=True)

    # Of a file.
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    delimiter = models.CharField(max_length=1, default=",")
    heading = models.JSONField(default=list)
    columns = models.JSONField(default=dict)

    # Of a selection; `selected` are ids, None means all that fit `query`.
    list_key = models.CharField(max_length=80, blank=True)
    query = models.TextField(blank=True)
    selected = models.JSONField(null=True)
    cut = models.BooleanField(default=False)

    options = models.JSONField(default=dict)
    position = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(_("rows"), default=0)
    checked = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    promised = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    undone = models.PositiveIntegerField(default=0)
    waits_for = models.JSONField(default=dict)
    outcomes = models.JSONField(default=dict)

    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    started_at = models.DateTimeField(_("started"), null=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("started by")
    )
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("taken back by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True)
    emptied_at = models.DateTimeField(_("rows deleted"), null=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("bulk work"), _("bulk work")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "form_key"], condition=Q(form_key__isnull=False), name="batch_form_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="batch_by_tenant"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="batch_due"),
            models.Index(fields=["created_at"], condition=Q(emptied_at=None), name="batch_with_rows"),
        ]

    def __str__(self) -> str:
        label = str(self.known_kind.label) if self.known_kind else self.kind
        return f"{label}: {self.file_name}" if self.file_name else label

    @property
    def known_kind(self) -> BatchKind | None:
        """None for a kind that is no longer built in."""
        return batch_kind(self.kind)

    @property
    def good(self) -> int:
        """Rows that were found good when they were checked."""
        return self.checked - self.bad

    @property
    def left(self) -> int:
        """Good rows of which nothing has been promised, refused or taken back yet."""
        return self.good - self.promised - self.refused - self.undone

    @property
    def from_file(self) -> bool:
        return bool(self.heading)

    @property
    def moving(self) -> bool:
        """It changes without a person: a page that shows it asks again."""
        return self.state in (self.State.CHECKING, self.State.RUNNING, self.State.UNDOING)

    @property
    def unstarted(self) -> bool:
        return self.state in (self.State.DETAILS, self.State.CHECKING, self.State.READY)

    @property
    def why_waiting(self) -> Sentence:
        return Sentence.from_json(self.waits_for)

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        if self.state == self.State.RUNNING and self.waits_for:
            return "batch_waiting"
        return f"batch_{self.state}"


class BatchRowQuerySet(models.QuerySet["BatchRow"]):
    def of(self, batch: Batch) -> "BatchRowQuerySet":
        return self.filter(batch=batch)

    def good(self) -> "BatchRowQuerySet":
        return self.filter(state=BatchRow.State.GOOD)

    def to_mend(self) -> "BatchRowQuerySet":
        """Rows that did not become what was asked for: found bad, or refused here or by the vendor."""
        return self.filter(
            Q(state__in=[BatchRow.State.BAD, BatchRow.State.REFUSED])
            | Q(state=BatchRow.State.PROMISED, operation__status=Status.REFUSED)
        )


class BatchRow(TenantModel):
    """One row of a batch. `line` is where it begins in the file, from 1, the heading included; else its number.

    `identity` is the value that may occur once in a batch, `label` what people call the row, `reason` a `Sentence` as JSON.
    """

    class State(models.TextChoices):
        UNCHECKED = "unchecked", _("Not checked yet")
        GOOD = "good", _("Good")
        BAD = "bad", _("Not possible")
        PROMISED = "promised", _("Asked for")
        REFUSED = "refused", _("Refused")
        UNDONE = "undone", _("Taken back")

    batch = TenantForeignKey(Batch, models.CASCADE, related_name="rows", verbose_name=_("batch"))
    line = models.PositiveIntegerField(_("line"))
    subject_id = models.BigIntegerField(null=True)
    cells = models.JSONField(default=list)
    label = models.CharField(_("what"), max_length=254, blank=True)
    identity = models.CharField(max_length=254, blank=True)
    values = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UNCHECKED)
    reason = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    operation = TenantForeignKey(Operation, null=True, related_name="batch_rows", verbose_name=_("operation"))

    objects = BatchRowQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("row"), _("rows")
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="batch_line_once")]
        indexes = [
            models.Index(fields=["batch", "state", "line"], name="batch_row_by_state"),
            models.Index(fields=["batch", "identity"], name="batch_row_by_identity"),
        ]

    def __str__(self) -> str:
        return self.label or str(self.line)

    def refuse(self, text: str, /, **values: Any) -> None:
        """Say why this row cannot be done: a sentence marked with `gettext_noop`, and what its places are filled with."""
        self.reason = Sentence(text, values).as_json()

    @property
    def why(self) -> str:
        """Why it was not done, for a person; the vendor's own words where it was the vendor who refused."""
        if self.state == self.State.PROMISED and self.operation and self.operation.status == Status.REFUSED:
            return self.operation.said
        return str(Sentence.from_json(self.reason))

    @property
    def condition(self) -> str:
        """One word for a badge: of the operation that it became, as long as there is one."""
        if self.state == self.State.PROMISED and self.operation:
            return self.operation.status
        return f"row_{self.state}"
