"""Looking at the rows of a batch before anything is promised: collect what was chosen, read the cells, ask the kind."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils.translation import gettext_noop as _

from portal.bulk import columns
from portal.bulk.models import MOST_ROWS, Batch, BatchRow
from portal.bulk.registry import BatchKind
from portal.lists.registry import Selection, chosen, list_of

CHUNK = 500
WRITTEN = ["label", "identity", "values", "state", "reason"]
State = BatchRow.State


def check_some(batch: Batch, kind: BatchKind) -> timedelta | None:
    """One step: the next rows, or the end of it."""
    if not batch.from_file and not batch.total:
        _collect(batch)
    rows = list(BatchRow.objects.of(batch).filter(line__gt=batch.position).order_by("line")[:CHUNK])
    if not rows:
        batch.state = Batch.State.READY
        batch.save(update_fields=["state", "total", "cut"])
        return None
    _check(batch, kind, rows)
    batch.position = rows[-1].line
    batch.checked += len(rows)
    batch.bad += sum(row.state == State.BAD for row in rows)
    batch.save(update_fields=["position", "checked", "bad", "total", "cut"])
    return timedelta()


def _collect(batch: Batch) -> None:
    """Make a row of each that was chosen, as the list is at this moment."""
    spec = list_of(batch.list_key)
    if spec is None:
        return
    everything = batch.selected is None
    selection = Selection(batch.query, tuple(batch.selected or ()), everything)
    ids = list(
        chosen(spec, selection, batch.tenant).order_by(*spec.order).values_list("pk", flat=True)[: MOST_ROWS + 1]
    )
    batch.cut, ids = len(ids) > MOST_ROWS, ids[:MOST_ROWS]
    batch.total = len(ids)
    rows = [
        BatchRow(tenant_id=batch.tenant_id, batch=batch, line=number, subject_id=pk) for number, pk in enumerate(ids, 1)
    ]
    BatchRow.objects.bulk_create(rows, batch_size=2_000)


def _check(batch: Batch, kind: BatchKind, rows: Sequence[BatchRow]) -> None:
    for row in rows:
        if batch.from_file:
            columns.fill(kind, batch.columns, row)
        else:
            row.reason = {}
    kind.check(batch, [row for row in rows if not row.reason])
    for row in rows:
        row.state = State.BAD if row.reason else State.GOOD
    if kind.identity:
        _refuse_twins(batch, rows)
    BatchRow.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN)


def _refuse_twins(batch: Batch, rows: Sequence[BatchRow]) -> None:
    """Of good rows with the same identity the first stays good, in this chunk or before it."""
    wanted = {row.identity for row in rows if row.identity and row.state == State.GOOD}
    before = BatchRow.objects.of(batch).good().filter(line__lt=rows[0].line, identity__in=wanted)
    first = dict(before.values_list("identity", "line"))
    for row in rows:
        if row.state != State.GOOD or not row.identity:
            continue
        if row.identity in first:
            row.state = State.BAD
            row.refuse(_("The same as line %(line)s, “%(value)s”."), line=first[row.identity], value=row.label)
        else:
            first[row.identity] = row.line
