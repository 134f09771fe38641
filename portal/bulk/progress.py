"""How far a batch is: what became of the operations that its rows became."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind
from portal.operations.models import ENDED, Status


@dataclass(frozen=True)
class Progress:
    """Of the good rows of a batch: how many there are, how many have come to an end, and by status of their operations."""

    wanted: int
    ended: int
    outcomes: dict[str, int]

    @property
    def counted(self) -> list[tuple[str, int]]:
        """(status, how many), in the order in which operations pass them; none that has none."""
        return [(status.value, self.outcomes[status]) for status in Status if self.outcomes.get(status)]

    @property
    def already_done(self) -> int:
        return self.outcomes.get(Status.DONE, 0)

    @property
    def can_be_taken_back(self) -> int:
        return self.outcomes.get(Status.WAITING, 0)


def progress_of(batch: Batch, kind: BatchKind) -> Progress:
    """One query while it runs, none once it has ended."""
    outcomes = batch.outcomes or outcomes_of(batch, kind)
    ended = batch.refused + batch.undone + sum(outcomes.get(status, 0) for status in ENDED)
    return Progress(batch.good, ended, outcomes)


def outcomes_of(batch: Batch, kind: BatchKind) -> dict[str, int]:
    """How many operations of a batch have which status. What is done at once is done."""
    if kind.immediate:
        return {Status.DONE.value: batch.promised} if batch.promised else {}
    rows = BatchRow.objects.of(batch).filter(state=BatchRow.State.PROMISED)
    counted = rows.order_by().values_list("operation__status").annotate(n=Count("pk"))
    return dict(Counter(dict(counted)))
