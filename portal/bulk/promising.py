"""Promising the good rows of a batch, a chunk at a time; and taking back what has not left."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from portal.audit.context import acting_for
from portal.bulk import notices
from portal.bulk.models import Batch, BatchRow
from portal.bulk.progress import outcomes_of
from portal.bulk.registry import BatchKind, Done, Later, Refusal
from portal.operations import decisions
from portal.operations.decisions import NotPossible
from portal.operations.models import ENDED, Operation, Status

CHUNK = 200
CANCELLED_AT_ONCE = 50
# When a batch looks again for what it waits for (a free product), or whether all of it has ended.
PATIENCE = timedelta(seconds=30)
SHORTEST_LOOK, LONGEST_LOOK = timedelta(seconds=2), timedelta(seconds=60)
WRITTEN = ["state", "reason", "operation"]
State = BatchRow.State


def promise_some(batch: Batch, kind: BatchKind) -> timedelta | None:
    """One step: promise the next rows; once all are promised, look whether all have ended."""
    rows = list(BatchRow.objects.of(batch).good().filter(line__gt=batch.position).order_by("line")[:CHUNK])
    if not rows:
        return _end_or_look_later(batch, kind, Batch.State.DONE)
    with acting_for(batch.request_id):
        answers = kind.promise(batch, rows)
    waited, promised = bool(batch.waits_for), _written_down(batch, rows, answers)
    batch.save(update_fields=["position", "promised", "refused", "waits_for"])
    if waited or batch.waits_for:
        notices.waits_or_goes_on(batch)
    return timedelta() if promised == len(rows) else PATIENCE


def _written_down(batch: Batch, rows: Sequence[BatchRow], answers: Sequence[Any]) -> int:
    """Keep each row's answer, up to the first that must wait. Returns how many were kept."""
    batch.waits_for, kept = {}, []
    for row, answer in zip(rows, answers, strict=True):
        match answer:
            case Later():
                batch.waits_for = answer.reason.as_json()
                break
            case Refusal():
                row.state, row.reason = State.REFUSED, answer.reason.as_json()
                batch.refused += 1
            case Done():
                row.state = State.PROMISED
                batch.promised += 1
            case Operation():
                row.state, row.operation = State.PROMISED, answer
                batch.promised += 1
        batch.position = row.line
        kept.append(row)
    if kept:
        BatchRow.objects.bulk_create(kept, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN)
    return len(kept)


def _end_or_look_later(batch: Batch, kind: BatchKind, end: Batch.State) -> timedelta | None:
    """What is still on its way is looked at less and less often."""
    if not kind.immediate and _open(batch).exists():
        running = timezone.now() - (batch.started_at or timezone.now())
        return min(LONGEST_LOOK, max(SHORTEST_LOOK, running / 20))
    batch.state, batch.ended_at, batch.waits_for = end, timezone.now(), {}
    batch.outcomes = outcomes_of(batch, kind)
    batch.save(update_fields=["state", "ended_at", "waits_for", "outcomes"])
    notices.ended(batch)
    return None


def _open(batch: Batch) -> Any:
    rows = BatchRow.objects.of(batch).filter(state=State.PROMISED)
    return rows.exclude(operation__status__in=ENDED)


def undo_some(batch: Batch, kind: BatchKind) -> timedelta | None:
    """One step: stop the rows that were not promised yet, then cancel operations that still wait, the youngest first."""
    stopped = BatchRow.objects.of(batch).good().update(state=State.UNDONE)
    cancelled = 0 if kind.immediate else _cancel_some(batch)
    if stopped or cancelled:
        batch.undone += stopped
        batch.save(update_fields=["undone"])
        return timedelta()
    return _end_or_look_later(batch, kind, Batch.State.UNDONE)


def _cancel_some(batch: Batch) -> int:
    waiting = Operation.objects.filter(batch_rows__batch=batch, status=Status.WAITING).order_by("-pk")
    reason, cancelled = gettext("Bulk work was taken back."), 0
    for operation in waiting[:CANCELLED_AT_ONCE]:
        try:
            with acting_for(batch.request_id):
                decisions.cancel(operation, reason=reason, acting_user=batch.undone_by)
        except NotPossible:
            # It left between our look and our lock: it stays, and counts as what it becomes.
            continue
        cancelled += 1
    return cancelled
