"""Long work of our own (no vendor call in it), done in the background in short turns, a transaction for each step.

A row that has such work to do inherits `Turns`: `due_at` says when the next step may be taken, None that nothing is left.
A turn is claimed under a lease by the database's clock; each step commits what it did together with how far it came, so a
worker that dies loses at most one step, which is then done again from the start.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from celery import current_app
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, Window
from django.db.models.functions import Now, RowNumber
from kombu.exceptions import OperationalError

from portal.tenancy.models import Tenant, TenantModel
from portal.tenancy.scope import staff_scope, tenant_scope

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
# Long enough to be worth a claim, short enough that other work waits little for the thread.
TURN_SECONDS = 1.0
MOST_AT_ONCE = 100
LONGEST_COUNTDOWN = timedelta(seconds=20)

Row = TypeVar("Row", bound="Turns")


class Turns(TenantModel):
    """A row with work to be done in turns. Its table wants an index on `due_at` where that is not null."""

    due_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


def take_turn(model: type[Row], tenant_id: int, pk: int, step: Callable[[Row], timedelta | None]) -> timedelta | None:
    """Take steps of one row for about a second. Returns after which time to ring for the next turn; None: not at all.

    `step` runs in the tenant's scope, in a transaction of its own, with the row locked and fresh. It saves what it changes
    itself and returns after which time the next step may be taken, or None when nothing is left to do.
    """
    if not _claim(model, tenant_id, pk):
        return None
    ends = time.monotonic() + TURN_SECONDS
    wait = _one_step(model, tenant_id, pk, step)
    while wait == timedelta() and time.monotonic() < ends:
        wait = _one_step(model, tenant_id, pk, step)
    if wait is None:
        return None
    _update(model, tenant_id, pk, due_at=Now() + wait, lease_until=None)
    return wait


def _claim(model: type[Row], tenant_id: int, pk: int) -> bool:
    """The conditions stand on the row itself, so that whoever comes second sees what the first one wrote."""
    active = Exists(Tenant.objects.filter(pk=OuterRef("tenant_id"), state=Tenant.State.ACTIVE))
    with tenant_scope(tenant_id):
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        mine = model._default_manager.filter(free, active, pk=pk, due_at__lte=Now())
        return bool(mine.update(lease_until=Now() + LEASE))


def _one_step(model: type[Row], tenant_id: int, pk: int, step: Callable[[Row], timedelta | None]) -> timedelta | None:
    with tenant_scope(tenant_id):
        row = model._default_manager.select_for_update(of=("self",)).get(pk=pk)
        wait = step(row)
        change: dict[str, Any] = {"lease_until": Now() + LEASE} if wait is not None else _ENDED
        model._default_manager.filter(pk=pk).update(**change)
    return wait


_ENDED: dict[str, Any] = {"due_at": None, "lease_until": None}


def _update(model: type[Row], tenant_id: int, pk: int, **change: Any) -> None:
    with tenant_scope(tenant_id):
        model._default_manager.filter(pk=pk).update(**change)


def due(model: type[Turns]) -> list[tuple[int, int]]:
    """(tenant, row) of what no bell announced, one tenant's after the other's in turn; over all tenants."""
    turn = Window(RowNumber(), partition_by=F("tenant_id"), order_by=F("due_at").asc())
    with staff_scope():
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        waiting = model._default_manager.filter(free, due_at__lte=Now(), tenant__state="active")
        fair = waiting.annotate(turn=turn).order_by("turn", "due_at")
        return list(fair.values_list("tenant_id", "pk")[:MOST_AT_ONCE])


def ring_after_commit(task: str, tenant_id: int, pk: int) -> None:
    transaction.on_commit(lambda: ring(task, tenant_id, pk))


def ring(task: str, tenant_id: int, pk: int, wait: timedelta = timedelta()) -> None:
    """Have `task` (its name, called with tenant and row) take a turn, `wait` from now. What cannot ring, the sweep finds."""
    if wait > LONGEST_COUNTDOWN:
        return
    try:
        current_app.send_task(task, args=(tenant_id, pk), retry=False, countdown=wait.total_seconds() or None)
    except OperationalError:
        logger.warning("the broker is away; the sweep will find what this bell was for")
