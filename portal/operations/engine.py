"""Carrying out what was promised: claim, send, and write down what became of it.

PostgreSQL is the queue. A claim is committed before a socket opens; no transaction and no lock is held across a vendor
call; leases run by the database's clock. A worker that dies leaves a row in `sending`, which the sweeper turns to `unknown`.
"""

import logging
import random
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from portal.audit.trail import record
from portal.operations import notices
from portal.operations.models import HOLDING, Attempt, Operation, Status
from portal.operations.registry import absorb_of, carry_out_of, facts_before, revert_of
from portal.operations.work import WORKER, Work
from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import (
    VendorCredentialsRejected,
    VendorError,
    VendorOutcomeUnknown,
    VendorProtocolError,
    VendorRefused,
    VendorThrottled,
)

logger = logging.getLogger(__name__)

LONGEST_BACKOFF = timedelta(minutes=5)
PROTOCOL_PATIENCE = 3
# Long enough that a bell is not rung for each operation, short enough that others wait little for their turn.
TURN_SECONDS = 1.0
Outcome = Attempt.Outcome


def run_lane(tenant_id: int, connection_id: int, lane: str) -> timedelta | None:
    """Take a turn in a lane: carry out what is due, one after the other, for about a second.

    Returns after which time to ring for the next turn; None: not at all, nothing more is due.
    """
    turn_ends = time.monotonic() + TURN_SECONDS
    work = claim(tenant_id, connection_id, lane)
    while work:
        rest = carry_out(work)
        if rest > timedelta() or time.monotonic() > turn_ends:
            return rest
        work = claim(tenant_id, connection_id, lane, first_of_turn=False)
    return None


def claim(tenant_id: int, connection_id: int, lane: str, *, first_of_turn: bool = True) -> Work | None:
    """Take the lane's oldest due operation for this worker alone, or None. Committed when it returns.

    A turn begins only while its tenant has not too many operations under way; those that follow in it change no number.
    """
    try:
        with tenant_scope(tenant_id):
            if first_of_turn and _too_busy(tenant_id):
                return None
            return _claim(connection_id, lane)
    except IntegrityError:
        # Somebody else's operation came under way in this lane between our look and our claim.
        return None


def _too_busy(tenant_id: int) -> bool:
    under_way = Operation.objects.filter(tenant_id=tenant_id, status=Status.SENDING)
    return under_way.count() >= settings.OPERATION_TENANT_CONCURRENCY


def _claim(connection_id: int, lane: str) -> Work | None:
    claimed_at = time.monotonic()
    # Whoever comes second waits for the first one's commit, and then finds that it is no longer waiting.
    oldest = Operation.objects.in_lane(connection_id, lane).due().order_by("id").values("pk")[:1]
    claimed = Operation.objects.filter(pk=oldest, status=Status.WAITING).update(
        status=Status.SENDING,
        attempt_count=F("attempt_count") + 1,
        lease_until=Now() + timedelta(seconds=settings.OPERATION_LEASE_SECONDS),
    )
    if not claimed:
        return None
    operation = (
        Operation.objects.in_lane(connection_id, lane)
        .select_related("connection__health", "tenant", "created_by")
        .get(status=Status.SENDING)
    )
    attempt = open_attempt(operation, Attempt.Purpose.SEND, operation.attempt_count, facts_before(operation))
    return Work(operation, attempt, claimed_at)


def open_attempt(
    operation: Operation, purpose: Attempt.Purpose, number: int, facts: dict[str, object] | None = None
) -> Attempt:
    return Attempt.objects.create(
        tenant_id=operation.tenant_id,
        operation=operation,
        number=number,
        purpose=purpose,
        started_at=timezone.now(),
        facts=facts or {},
        worker=WORKER,
    )


def carry_out(work: Work) -> timedelta:
    """Send, and write down the outcome. Returns how long the lane should rest."""
    if transaction.get_connection().in_atomic_block:
        raise RuntimeError("a vendor call must not be made inside a transaction")
    try:
        answer = carry_out_of(work.operation)(work)
    except VendorError as error:
        return _finish_without_answer(work, error)
    except Exception as error:
        logger.exception("operation %s: our own mistake while it was carried out", work.operation.pk)
        return _finish_without_answer(work, VendorOutcomeUnknown(f"internal error: {type(error).__name__}"))
    return _finish_with_answer(work, answer)


def _finish_with_answer(work: Work, answer: object) -> timedelta:
    """The vendor said yes. If absorbing its answer fails, the outcome is left to the settling look."""
    try:
        with tenant_scope(work.operation.tenant_id):
            if not _still_mine(work):
                return close(work, Outcome.LATE)
            end_done(work.operation, answer)
            return close(work, Outcome.DONE)
    except Exception as error:
        logger.exception("operation %s: the vendor's answer could not be absorbed", work.operation.pk)
        return _finish_without_answer(work, VendorOutcomeUnknown(f"answer not absorbed: {type(error).__name__}"))


def _finish_without_answer(work: Work, error: VendorError) -> timedelta:
    with tenant_scope(work.operation.tenant_id):
        outcome = _step_for(error)(work.operation, error) if _still_mine(work) else Outcome.LATE
        return close(work, outcome, error)


def _still_mine(work: Work) -> bool:
    """Does the outcome of this attempt still decide? Not when its lease ran out *and* somebody sent again.

    An answer that comes late, while the operation is unknown, is the best proof there can be.
    """
    now = Operation.objects.select_for_update().filter(pk=work.operation.pk).values_list("attempt_count", "status")
    attempt_count, work.operation.status = now.get()
    return attempt_count == work.attempt.number and work.operation.status in HOLDING


def _step_for(error: VendorError) -> Callable[[Operation, VendorError], Outcome]:
    if isinstance(error, VendorRefused):
        return _refused
    if isinstance(error, VendorOutcomeUnknown):
        return _unknown
    if isinstance(error, VendorProtocolError):
        return _not_understood
    return _not_sent


def _refused(operation: Operation, error: VendorError) -> Outcome:
    end_without_effect(operation, Status.REFUSED, Operation.Trouble.REFUSED, error.vendor_message or str(error))
    return Outcome.REFUSED


def _unknown(operation: Operation, error: VendorError) -> Outcome:
    change(
        operation,
        status=Status.UNKNOWN,
        trouble=Operation.Trouble.UNKNOWN,
        message=str(error),
        unknown_since=timezone.now(),
        due_at=Now() + timedelta(seconds=settings.OPERATION_SETTLE_SECONDS),
    )
    return Outcome.UNKNOWN


def _not_understood(operation: Operation, error: VendorError) -> Outcome:
    """A read before the sending was not understood: nothing left. After a few times a person must read it."""
    if operation.failures_in_a_row + 1 >= PROTOCOL_PATIENCE:
        change(
            operation, status=Status.NEEDS_PERSON, trouble=Operation.Trouble.PROTOCOL, message=str(error), due_at=Now()
        )
    else:
        _wait(operation, error, Operation.Trouble.PROTOCOL, backoff(operation.failures_in_a_row))
    return Outcome.NOT_SENT


def _not_sent(operation: Operation, error: VendorError) -> Outcome:
    if isinstance(error, VendorThrottled):
        _wait(operation, error, Operation.Trouble.QUOTA, max(error.retry_at - timezone.now(), timedelta()))
        return Outcome.THROTTLED
    if isinstance(error, VendorCredentialsRejected):
        _wait(operation, error, Operation.Trouble.CREDENTIALS, LONGEST_BACKOFF)
        return Outcome.CREDENTIALS
    _wait(operation, error, Operation.Trouble.UNREACHABLE, backoff(operation.failures_in_a_row))
    return Outcome.NOT_SENT


def _wait(operation: Operation, error: VendorError, trouble: str, delay: timedelta) -> None:
    change(
        operation,
        status=Status.WAITING,
        trouble=trouble,
        message=error.vendor_message or str(error),
        due_at=Now() + delay,
        failures_in_a_row=F("failures_in_a_row") + 1,
    )


def backoff(failures: int) -> timedelta:
    """Doubling from OPERATION_BACKOFF_SECONDS to five minutes, half to all of it, so that nobody comes in step."""
    full = min(settings.OPERATION_BACKOFF_SECONDS * 2 ** min(failures, 16), LONGEST_BACKOFF.total_seconds())
    return timedelta(seconds=full * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing


def end_done(operation: Operation, answer: object) -> None:
    """The vendor has done it: mirror, audit and operation change together. In the caller's transaction."""
    absorb_of(operation)(operation, answer)
    change(operation, status=Status.DONE, trouble="", message="", ended_at=timezone.now(), failures_in_a_row=0)
    record("operations.done", operation, on_behalf_of=operation.created_by, acting_user=None)


def end_without_effect(operation: Operation, status: Status, trouble: str, message: str) -> None:
    """Nothing happened at the vendor and nothing will: put the mirror right. In the caller's transaction."""
    revert_of(operation)(operation)
    change(operation, status=status, trouble=trouble, message=message, ended_at=timezone.now())
    record(
        f"operations.{status.value}",
        operation,
        after={"message": message},
        on_behalf_of=operation.created_by,
        acting_user=None,
    )


def change(operation: Operation, **fields: object) -> None:
    """Write a new state, whatever lease there was ends with it; and tell people where they have to know."""
    before = operation.status
    Operation.objects.filter(pk=operation.pk).update(lease_until=None, **fields)
    for name, value in fields.items():
        if not hasattr(value, "resolve_expression"):
            setattr(operation, name, value)
    notices.follow(operation, before)


def close(work: Work, outcome: Attempt.Outcome, error: VendorError | None = None, message: str = "") -> timedelta:
    """Write down how an attempt ended, and its calls. Returns how long the lane should rest."""
    last = work.line.calls[-1] if work.line.calls else None
    told = error if error and error.status else last
    Attempt.objects.filter(pk=work.attempt.pk).update(
        finished_at=timezone.now(),
        outcome=outcome,
        status=told.status if told else None,
        vendor_request_id=((told.request_id if told else "") or "")[:100],
        message=message or (str(error) if error else ""),
        facts=work.attempt.facts,
    )
    return work.line.close(error, operation_id=work.operation.pk, attempt=work.attempt.number)
