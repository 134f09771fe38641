"""Learning what became of an operation whose answer was lost, by looking at the vendor. Never sends anything."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from portal.operations import engine
from portal.operations.models import Attempt, Operation, Status
from portal.operations.registry import Absent, CannotTell, Found, Resend, Verdict, kind_of, settle_of
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorError

logger = logging.getLogger(__name__)

# Looks that could not tell, before a person is asked; and proven absences after which the portal stops trying by itself.
ENOUGH_LOOKS = 3
ENOUGH_RESENDS = 1
Outcome = Attempt.Outcome


def settle(tenant_id: int, operation_id: int) -> None:
    """Look once, unless somebody else does, or there is nothing to be looked up any more."""
    work = _claim_look(tenant_id, operation_id)
    if work is None:
        return
    try:
        verdict = settle_of(work.operation)(work)
    except VendorError as error:
        _looked_in_vain(work, error)
        return
    except Exception as error:
        logger.exception("operation %s: our own mistake while it was looked up", operation_id)
        verdict = CannotTell(f"internal error: {type(error).__name__}")
    _apply(work, verdict)


def _claim_look(tenant_id: int, operation_id: int) -> Work | None:
    with tenant_scope(tenant_id):
        operation = (
            Operation.objects.to_be_settled()
            .select_related("connection__health", "tenant", "created_by")
            .select_for_update(skip_locked=True, of=("self",))
            .filter(pk=operation_id)
            .first()
        )
        if operation is None:
            return None
        number = Attempt.objects.filter(operation=operation, purpose=Attempt.Purpose.LOOK).count() + 1
        lease = Now() + timedelta(seconds=settings.OPERATION_LEASE_SECONDS)
        Operation.objects.filter(pk=operation.pk).update(lease_until=lease)
        return Work(operation, engine.open_attempt(operation, Attempt.Purpose.LOOK, number), 0.0)


def _apply(work: Work, verdict: Verdict) -> None:
    operation = work.operation
    with tenant_scope(operation.tenant_id):
        if not _still_unknown(operation):
            engine.close(work, Outcome.LATE, message=verdict.why)
            return
        work.attempt.facts |= dict(verdict.evidence)
        _conclude(operation, verdict)
        engine.close(work, _outcome(verdict), message=verdict.why)


def _conclude(operation: Operation, verdict: Verdict) -> None:
    match verdict:
        case Found():
            engine.end_done(operation, verdict.answer)
        case Absent() if _may_resend(operation):
            engine.change(
                operation,
                status=Status.WAITING,
                trouble="",
                message=verdict.why,
                unknown_since=None,
                resend_count=F("resend_count") + 1,
                due_at=Now(),
            )
        case CannotTell() if not _looked_enough(operation):
            _look_later(operation, verdict.why)
        case _:
            engine.change(operation, status=Status.NEEDS_PERSON, message=verdict.why, due_at=Now())


def _may_resend(operation: Operation) -> bool:
    resend = kind_of(operation).resend
    return resend is Resend.ALWAYS or (resend is Resend.AFTER_ABSENT and operation.resend_count < ENOUGH_RESENDS)


def _looked_enough(operation: Operation) -> bool:
    return operation.look_count + 1 >= ENOUGH_LOOKS or _unknown_too_long(operation)


def _unknown_too_long(operation: Operation) -> bool:
    limit = timedelta(hours=settings.OPERATION_GIVE_UP_LOOKING_HOURS)
    return operation.unknown_since is not None and timezone.now() - operation.unknown_since > limit


def _look_later(operation: Operation, why: str) -> None:
    engine.change(
        operation,
        message=why,
        look_count=F("look_count") + 1,
        due_at=Now() + timedelta(seconds=settings.OPERATION_LOOK_SECONDS),
    )


def _looked_in_vain(work: Work, error: VendorError) -> None:
    """The vendor could not be read. That is no look; but a day of it needs a person."""
    operation = work.operation
    with tenant_scope(operation.tenant_id):
        if _still_unknown(operation):
            if _unknown_too_long(operation):
                engine.change(operation, status=Status.NEEDS_PERSON, message=str(error), due_at=Now())
            else:
                delay = engine.backoff(work.attempt.number)
                engine.change(operation, message=str(error), due_at=Now() + delay)
        engine.close(work, Outcome.NOT_SENT, error)


def _still_unknown(operation: Operation) -> bool:
    """Nobody else has settled it meanwhile (a late answer, a person); locks it until the verdict is written."""
    return (
        Operation.objects.select_for_update(of=("self",))
        .filter(pk=operation.pk, status=Status.UNKNOWN, attempt_count=operation.attempt_count)
        .exists()
    )


def _outcome(verdict: Verdict) -> Outcome:
    return {Found: Outcome.FOUND, Absent: Outcome.ABSENT, CannotTell: Outcome.CANNOT_TELL}[type(verdict)]
