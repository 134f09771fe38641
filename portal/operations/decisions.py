"""What people may decide about an operation: cancel what has not left; settle what needs a person.

Sending again what costs money takes two people. Each function is one transaction with its audit entry.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal.audit.trail import record, record_many
from portal.operations import bells, engine, notices
from portal.operations.models import Decision, Operation, Status
from portal.operations.registry import PersonSays

Action = Decision.Action


class NotPossible(Exception):
    """The decision does not fit the operation as it is now; `str()` is a sentence for the person."""


def possible(operation: Operation) -> list[Action]:
    """What a person may decide about it as it is now, the mildest first."""
    if operation.status == Status.WAITING:
        return [Action.CANCEL]
    if operation.status == Status.NEEDS_PERSON:
        return [Action.LOOK_AGAIN, Action.SEND_AGAIN, Action.MARK_DONE, Action.GIVE_UP]
    return []


@transaction.atomic
def cancel(operation: Operation, *, reason: str = "", acting_user: Any) -> Decision:
    """Take back what has not left. Raises NotPossible when it has."""
    operation = _lock(operation, Status.WAITING, _("It has left already, so it can no longer be cancelled."))
    decision = _decide(operation, Action.CANCEL, reason, {}, acting_user)
    engine.end_without_effect(operation, Status.CANCELLED, "", reason or gettext_noop("Cancelled before it was sent."))
    return decision


@transaction.atomic
def look_again(operation: Operation, *, reason: str, acting_user: Any) -> Decision:
    """Have the portal look at the vendor once more. Raises NotPossible.

    Whoever asked to send again did so by what was known before this look, so an open question ends with it.
    """
    operation = _lock_troubled(operation)
    _end_open_decisions(operation)
    decision = _decide(operation, Action.LOOK_AGAIN, reason, {}, acting_user)
    engine.change(operation, status=Status.UNKNOWN, unknown_since=timezone.now(), look_count=0, due_at=Now())
    tenant_id, operation_id = operation.tenant_id, operation.pk
    transaction.on_commit(lambda: bells.look(tenant_id, operation_id))
    return decision


@transaction.atomic
def send_again(operation: Operation, *, reason: str, acting_user: Any) -> Decision:
    """A person vouches that it did not happen. What costs money waits for a second person. Raises NotPossible."""
    operation = _lock_troubled(operation)
    decision = _decide(operation, Action.SEND_AGAIN, reason, {}, acting_user, needs_second=operation.costs_money)
    if decision.needs_second:
        notices.second_person_awaited(decision)
    else:
        _send_again(operation)
    return decision


@transaction.atomic
def confirm(decision: Decision, *, acting_user: Any) -> Decision:
    """The second person agrees, and it is sent again. Raises NotPossible, also for the first person."""
    operation = _lock_troubled(decision.operation)
    decision = _lock_pending(decision)
    if decision.asked_by_id == acting_user.pk:
        raise NotPossible(_("You asked for this yourself. A second person has to confirm it: it may cost money twice."))
    decision.confirmed_by, decision.confirmed_at = acting_user, timezone.now()
    decision.save(update_fields=["confirmed_by", "confirmed_at"])
    record("operations.confirmed", operation, after={"decision": decision.action}, acting_user=acting_user)
    _send_again(operation)
    return decision


@transaction.atomic
def withdraw(decision: Decision, *, acting_user: Any) -> Decision:
    """Take back a decision that still waits for its second person. Raises NotPossible."""
    _row_of(decision.operation)
    decision = _lock_pending(decision)
    decision.withdrawn_at = timezone.now()
    decision.save(update_fields=["withdrawn_at"])
    notices.second_person_not_awaited(decision.operation)
    record("operations.withdrawn", decision.operation, after={"decision": decision.action}, acting_user=acting_user)
    return decision


@transaction.atomic
def mark_done(operation: Operation, *, reference: str, reason: str, acting_user: Any) -> Decision:
    """A person learned that the vendor has done it; `reference` is the vendor's number for it. Raises NotPossible."""
    operation = _lock_troubled(operation)
    _end_open_decisions(operation)
    decision = _decide(operation, Action.MARK_DONE, reason, {"reference": reference}, acting_user)
    engine.end_done(operation, PersonSays(reference, reason))
    bells.ring_after_commit(operation.tenant_id, operation.connection_id, operation.lane)
    return decision


@transaction.atomic
def give_up(operation: Operation, *, reason: str, acting_user: Any) -> Decision:
    """A person declares that it did not happen and is not to happen. Raises NotPossible."""
    operation = _lock_troubled(operation)
    _end_open_decisions(operation)
    decision = _decide(operation, Action.GIVE_UP, reason, {}, acting_user)
    engine.end_without_effect(operation, Status.CANCELLED, operation.trouble, reason)
    bells.ring_after_commit(operation.tenant_id, operation.connection_id, operation.lane)
    return decision


@transaction.atomic
def note_refusals(operations: Iterable[Operation], *, reason: str, acting_user: Any) -> int:
    """Support took note of refusals: they leave the desk, nothing else changes. Returns how many were new."""
    refused = Operation.objects.refusals_to_note().filter(pk__in=[each.pk for each in operations])
    noted = list(refused.order_by("pk").select_for_update(of=("self",)))
    Operation.objects.filter(pk__in=[each.pk for each in noted]).update(noted_at=timezone.now())
    record_many("operations.refusal_noted", [(each, None) for each in noted], reason=reason, acting_user=acting_user)
    return len(noted)


def _lock_troubled(operation: Operation) -> Operation:
    return _lock(operation, Status.NEEDS_PERSON, _("It does not need a person any more; see below what became of it."))


def _lock(operation: Operation, status: Status, otherwise: str) -> Operation:
    locked = _row_of(operation)
    if locked.status != status:
        raise NotPossible(otherwise)
    if locked.connection.tenant.suspended:
        raise NotPossible(_("This company is suspended: nothing can be changed."))
    return locked


def _row_of(operation: Operation) -> Operation:
    """The operation as it is now, locked. Always before its decisions, so that two people cannot block each other."""
    return Operation.objects.select_for_update(of=("self",)).select_related("connection__tenant").get(pk=operation.pk)


def _lock_pending(decision: Decision) -> Decision:
    locked = Decision.objects.select_for_update(of=("self",)).select_related("operation").get(pk=decision.pk)
    if not locked.pending:
        raise NotPossible(_("This has been confirmed or withdrawn already."))
    return locked


def _decide(
    operation: Operation,
    action: Action,
    reason: str,
    facts: dict[str, Any],
    acting_user: Any,
    *,
    needs_second: bool = False,
) -> Decision:
    if needs_second and operation.decisions.filter(needs_second=True, confirmed_at=None, withdrawn_at=None).exists():
        raise NotPossible(_("Somebody has asked for this already; a second person has to confirm it."))
    record(f"operations.{action.value}_decided", operation, after=facts or None, reason=reason, acting_user=acting_user)
    return Decision.objects.create(
        tenant_id=operation.tenant_id,
        operation=operation,
        action=action,
        reason=reason,
        facts=facts,
        asked_by=acting_user,
        needs_second=needs_second,
    )


def _send_again(operation: Operation) -> None:
    engine.change(
        operation,
        status=Status.WAITING,
        trouble="",
        unknown_since=None,
        look_count=0,
        failures_in_a_row=0,
        due_at=Now(),
    )
    bells.ring_after_commit(operation.tenant_id, operation.connection_id, operation.lane)


def _end_open_decisions(operation: Operation) -> None:
    operation.decisions.pending().update(withdrawn_at=timezone.now())
