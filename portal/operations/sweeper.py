"""What no bell announced: leases that ran out, operations whose time has come, outcomes to be looked up.

May run anywhere, twice, or not for a while: it only rings, and expires leases by one UPDATE.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from portal.operations.models import Attempt, Operation, Status
from portal.tenancy.scope import staff_scope

# More than these at once would only queue up in the broker; the next sweep is seconds away.
MOST_LANES = 500
MOST_LOOKS = 200


def sweep(ring: Callable[[int, int, str], None], look: Callable[[int, int], None]) -> None:
    """Expire leases, then ring for every lane with something due and look at every outcome that is due to be settled."""
    with staff_scope():
        expire_leases()
        lanes, looks = due_lanes(), due_looks()
    for lane in lanes:
        ring(*lane)
    for tenant_id, operation_id in looks:
        look(tenant_id, operation_id)


def expire_leases() -> None:
    """A sending whose worker did not come back is unknown from now on; the settle time starts here."""
    overdue = list(
        Operation.objects.overdue_sending().select_for_update(skip_locked=True).values_list("pk", "attempt_count")
    )
    if not overdue:
        return
    ids = [pk for pk, _ in overdue]
    Operation.objects.filter(pk__in=ids).update(
        status=Status.UNKNOWN,
        trouble=Operation.Trouble.UNKNOWN,
        message="The worker that sent it did not come back.",
        unknown_since=timezone.now(),
        lease_until=None,
        due_at=Now() + timedelta(seconds=settings.OPERATION_SETTLE_SECONDS),
    )
    Attempt.objects.filter(operation_id__in=ids, outcome=Attempt.Outcome.OPEN, purpose=Attempt.Purpose.SEND).update(
        outcome=Attempt.Outcome.UNKNOWN, finished_at=timezone.now(), message="The worker did not come back."
    )


def due_lanes() -> list[tuple[int, int, str]]:
    """(tenant, connection, lane) with something due, one tenant's after the other's in turn."""
    first_of_lane = Operation.objects.due().order_by("connection_id", "lane", "id").distinct("connection_id", "lane")
    turn = Window(RowNumber(), partition_by=F("tenant_id"), order_by=F("due_at").asc())
    fair = Operation.objects.filter(pk__in=first_of_lane.values("pk")).annotate(turn=turn).order_by("turn", "due_at")
    return list(fair.values_list("tenant_id", "connection_id", "lane")[:MOST_LANES])


def due_looks() -> list[tuple[int, int]]:
    looks = Operation.objects.to_be_settled().order_by("due_at")
    return list(looks.values_list("tenant_id", "pk")[:MOST_LOOKS])
