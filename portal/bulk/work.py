"""The background's side of bulk work: which step a batch is at, what was forgotten, what is old."""

import logging
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from portal import turns
from portal.bulk.batches import TASK
from portal.bulk.checking import check_some
from portal.bulk.models import Batch, BatchRow
from portal.bulk.promising import promise_some, undo_some
from portal.tenancy.scope import staff_scope

logger = logging.getLogger(__name__)

# What the rows held is kept so long after the end, or after nobody started it.
KEPT = timedelta(days=30)
EMPTIED_AT_ONCE = 20
STEPS = {
    Batch.State.CHECKING: check_some,
    Batch.State.RUNNING: promise_some,
    Batch.State.UNDOING: undo_some,
}


def take_turn(tenant_id: int, pk: int) -> None:
    """Go on with a batch for about a second, then ring for the next turn."""
    wait = turns.take_turn(Batch, tenant_id, pk, step)
    if wait is not None:
        turns.ring(TASK, tenant_id, pk, wait)


def step(batch: Batch) -> timedelta | None:
    """The next step of a batch, in one transaction with how far it came."""
    take, kind = STEPS.get(Batch.State(batch.state)), batch.known_kind
    if take is None:
        return None
    if kind is None:
        logger.error("batch %s: its kind %s is not built in", batch.pk, batch.kind)
        return None
    return take(batch, kind)


def sweep() -> None:
    """Ring for every batch that no bell announced."""
    for tenant_id, pk in turns.due(Batch):
        turns.ring(TASK, tenant_id, pk)


def empty_old() -> int:
    """Delete the rows of batches that ended, or were made and never started, more than 30 days ago. Returns of how many."""
    before, emptied = timezone.now() - KEPT, 0
    unstarted = [Batch.State.DETAILS, Batch.State.CHECKING, Batch.State.READY]
    old = Q(ended_at__lt=before) | Q(state__in=unstarted, created_at__lt=before)
    while True:
        with staff_scope():
            some = list(Batch.objects.filter(old, emptied_at=None).order_by("created_at")[:EMPTIED_AT_ONCE])
            BatchRow.objects.filter(batch__in=some)._raw_delete("default")
            never = [batch.pk for batch in some if batch.unstarted]
            Batch.objects.filter(pk__in=never).update(state=Batch.State.DISCARDED, ended_at=timezone.now(), due_at=None)
            Batch.objects.filter(pk__in=[batch.pk for batch in some]).update(emptied_at=timezone.now())
        emptied += len(some)
        if len(some) < EMPTIED_AT_ONCE:
            return emptied
