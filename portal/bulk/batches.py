"""What a person can ask of a batch: begin it, tell its details, start it, take it back, discard it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.audit.context import request_context
from portal.audit.trail import record
from portal.bulk import columns
from portal.bulk.files import Table
from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind
from portal.lists.registry import Selection
from portal.operations.promises import wait_for_twin
from portal.tenancy.models import Tenant
from portal.turns import ring_after_commit

State = Batch.State
TASK = "portal.bulk.tasks.take_turn"


class NotNow(Exception):
    """What was asked does not fit the batch as it is now; `str()` is a sentence for the person."""


@transaction.atomic
def begin_import(
    tenant: Tenant, kind: BatchKind, table: Table, file_name: str, *, form_key: UUID, acting_user: Any
) -> Batch:
    """Keep the rows of a file; its details are to be told next. The same form again is the same batch."""
    if twin := _twin(tenant, form_key):
        return twin
    batch = Batch.objects.create(
        tenant=tenant,
        kind=kind.name,
        form_key=form_key,
        file_name=file_name[:200],
        list_key=kind.list_key,
        delimiter=table.delimiter,
        heading=table.heading,
        columns=columns.guess(kind.fields, table.heading),
        total=len(table.rows),
        created_by=acting_user,
    )
    rows = [BatchRow(tenant=tenant, batch=batch, line=line, cells=cells) for line, cells in table.rows]
    BatchRow.objects.bulk_create(rows, batch_size=2_000)
    return batch


@transaction.atomic
def begin_action(
    tenant: Tenant, kind: BatchKind, selection: Selection, *, form_key: UUID | None = None, acting_user: Any
) -> Batch:
    """Note what was chosen in a list; the rows themselves are collected in the background."""
    if twin := _twin(tenant, form_key):
        return twin
    batch = Batch.objects.create(
        tenant=tenant,
        kind=kind.name,
        form_key=form_key,
        list_key=kind.list_key,
        query=selection.query,
        selected=None if selection.everything else list(selection.ids),
        created_by=acting_user,
    )
    if kind.options is None:
        _check(batch)
    return batch


def _twin(tenant: Tenant, form_key: UUID | None) -> Batch | None:
    wait_for_twin(tenant.pk, form_key)
    return Batch.objects.filter(tenant=tenant, form_key=form_key).first() if form_key else None


@transaction.atomic
def tell_details(batch: Batch, chosen: Mapping[str, int], options: Mapping[str, Any]) -> None:
    """Which column is which value, and what holds for the whole batch; then it is checked, again if need be. Raises NotNow."""
    locked = _locked(batch)
    if not locked.unstarted:
        raise NotNow(_("It has been started already, so its details can no longer be changed."))
    locked.columns, locked.options = dict(chosen), dict(options)
    _check(locked)


def _check(batch: Batch) -> None:
    batch.state, batch.position, batch.checked, batch.bad = State.CHECKING, 0, 0, 0
    _work_on(batch)


@transaction.atomic
def start(batch: Batch, *, acting_user: Any) -> None:
    """Promise the good rows, in the background. Raises NotNow unless it was checked; the second click of two does too."""
    locked = _locked(batch)
    if locked.state != State.READY:
        raise NotNow(_("It has been started already.") if locked.started_at else _("It has not been checked yet."))
    if not locked.good:
        raise NotNow(_("No row of it can be done."))
    locked.state, locked.position, locked.started_at, locked.started_by = State.RUNNING, 0, timezone.now(), acting_user
    locked.request_id = request_context().request_id
    told = {"rows": locked.good, "left out": locked.bad, "file": locked.file_name, **locked.options}
    record("bulk.started", locked, after=told, acting_user=acting_user)
    _work_on(locked)


@transaction.atomic
def undo(batch: Batch, *, acting_user: Any) -> None:
    """Take back what has not left yet, in the background. Raises NotNow when nothing is on its way."""
    locked = _locked(batch)
    if locked.state != State.RUNNING:
        raise NotNow(_("Nothing of it is on its way, so nothing can be taken back."))
    locked.state, locked.waits_for, locked.undone_by = State.UNDOING, {}, acting_user
    locked.request_id = request_context().request_id
    record("bulk.undo_asked", locked, after={"promised": locked.promised}, acting_user=acting_user)
    _work_on(locked)


@transaction.atomic
def discard(batch: Batch, *, acting_user: Any) -> None:
    """Let go of what was never started, its rows too. Raises NotNow."""
    locked = _locked(batch)
    if not locked.unstarted:
        raise NotNow(_("It has been started already, so it cannot be discarded."))
    locked.state, locked.due_at, locked.ended_at, locked.emptied_at = (
        State.DISCARDED,
        None,
        timezone.now(),
        timezone.now(),
    )
    locked.save()
    BatchRow.objects.of(locked).delete()
    record("bulk.discarded", locked, acting_user=acting_user)


def _locked(batch: Batch) -> Batch:
    return Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)


def _work_on(batch: Batch) -> None:
    """Have the background go on with it. A worker that holds a lease on it finds the new state at its next step."""
    batch.due_at = timezone.now()
    batch.save()
    ring_after_commit(TASK, batch.tenant_id, batch.pk)
