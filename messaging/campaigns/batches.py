"""How a batch and its messages change together: the batch is locked first, then its messages change by one statement."""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from messaging.models import Batch, Message, MessageState
from portal.operations.models import Operation

State = Batch.State
M = MessageState
# What may still be handed over: not yet sent, or sent with a lost answer and no report.
UNTOLD = [M.WAITING, M.UNKNOWN]


def lock(ids: Iterable[int]) -> list[Batch]:
    """In the order of their ids, as everybody who changes messages does."""
    rows = Batch.objects.select_for_update(of=("self",)).select_related("campaign")
    return list(rows.filter(pk__in=list(ids)).order_by("pk"))


def batch_of(operation: Operation) -> Batch:
    """Locked."""
    return lock([operation.subject_pk])[0]


def move(batches: Sequence[Batch], before: Sequence[M], after: M, *, but: Sequence[int] = ()) -> int:
    """Messages of locked batches from any state of `before` to `after`, but for those ids. Returns how many."""
    messages = Message.objects.filter(batch__in=batches, state__in=before)
    if but:
        messages = messages.exclude(pk__in=but)
    return messages.update(state=after, state_at=timezone.now())


def write(batches: Sequence[Batch], **fields: object) -> None:
    """Of locked batches; their counts are PostgreSQL's."""
    Batch.objects.filter(pk__in=[batch.pk for batch in batches]).update(**fields)


def mark_unknown(ids: Iterable[int]) -> None:
    """They were sent and the answer was lost: so it is with each message that no report speaks of."""
    batches = [batch for batch in lock(ids) if batch.state == State.ASKED]
    move(batches, [M.WAITING], M.UNKNOWN)
    write(batches, state=State.UNKNOWN)


def back_to_planned(batches: Sequence[Batch]) -> None:
    """Nothing of them left: they are asked for anew when the campaign goes on."""
    move(batches, [M.WAITING], M.PLANNED)
    write(batches, state=State.PLANNED, operation=None)
