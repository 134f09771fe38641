"""What was asked of calls and did not come to an end by itself: too late to be sent, or taken and never shown by an event."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.operations import engine
from portal.operations.models import STUCK, Operation, Status
from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.board import bell
from realtime.board.carrying import TOO_LATE
from realtime.calls.models import CallAction

State = CallAction.State
CONFIRMED_WITHIN = timedelta(seconds=60)
MOST_AT_ONCE = 500


def end_overdue_actions() -> int:
    """May run anywhere, twice, or not for a while. Returns how many were due."""
    with staff_scope():
        due = list(_due().order_by("id").values_list("tenant_id", "pk")[:MOST_AT_ONCE])
    for tenant_id, pk in due:
        with tenant_scope(tenant_id):
            for action in _due().filter(pk=pk).select_for_update(of=("self",), skip_locked=True):
                _end(action)
                bell.ring(tenant_id)
    return len(due)


def _due() -> QuerySet[CallAction]:
    now = timezone.now()
    never_sent = Q(state=State.ASKED, send_until__lt=now, operation__status=Status.WAITING)
    lost = Q(state=State.ASKED, operation__status__in=STUCK)
    never_shown = Q(state=State.TAKEN, asked_at__lt=now - CONFIRMED_WITHIN)
    return CallAction.objects.filter(never_sent | lost | never_shown)


def _end(action: CallAction) -> None:
    actions = CallAction.objects.filter(pk=action.pk)
    if action.state == State.TAKEN:
        actions.update(state=State.UNCONFIRMED, ended_at=timezone.now())
        return
    operation = Operation.objects.select_for_update(of=("self",)).get(pk=action.operation_id or 0)
    if operation.status == Status.WAITING:
        engine.end_without_effect(operation, Status.CANCELLED, "", TOO_LATE)
    elif operation.status in STUCK:
        actions.update(state=State.UNKNOWN)
