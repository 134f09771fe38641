"""The month's end over all tenants, in the background: a row for each says what became of it."""

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal import turns
from portal.audit.trail import record
from portal.billing.closing import close, next_to_close
from portal.billing.lines import before
from portal.billing.mailing.readers import promise_to_readers
from portal.billing.models import ClosingRun, ClosingStep, Statement
from portal.billing.months import BILLING_ZONE
from portal.billing.notices import month_blocked
from portal.billing.reasons import Stored, of_blocker, of_refusal
from portal.billing.refusals import Blocked
from portal.sentences import Sentence
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import Refused
from portal.tenancy.scope import staff_scope

logger = logging.getLogger(__name__)

TASK = "portal.billing.tasks.take_turn"
State = ClosingStep.State
SUSPENDED = Sentence(gettext_noop("The company is suspended; support closes its month by hand."))


def start_run(month: date, *, acting_user: Any) -> ClosingRun:
    """Begin to close the month, and open ones before it, of every tenant that has not closed it; in staff scope."""
    run = ClosingRun.objects.create(month=month.replace(day=1), started_by=acting_user)
    _add_steps(run)
    record("staff.month_end_started", run, acting_user=acting_user)
    return run


def _add_steps(run: ClosingRun) -> None:
    closed = Statement.objects.filter(tenant=OuterRef("pk"), month=run.month)
    there = ClosingStep.objects.filter(tenant=OuterRef("pk"), run=run)
    missing = Tenant.objects.filter(~Exists(closed), ~Exists(there)).order_by("slug")
    ClosingStep.objects.bulk_create([_new_step(run, tenant) for tenant in missing], batch_size=1_000)


def _new_step(run: ClosingRun, tenant: Tenant) -> ClosingStep:
    """Waiting for its turn; a suspended company gets none."""
    step = ClosingStep(tenant=tenant, run=run, month=run.month, acting_user_id=run.started_by_id, due_at=timezone.now())
    if tenant.suspended:
        step.state, step.due_at, step.ended_at = State.BLOCKED, None, timezone.now()
        step.reasons = [SUSPENDED.as_json()]
    return step


def repeat(run: ClosingRun) -> int:
    """Try again what was blocked or failed, and take in who came since; in staff scope. Returns how many wait then."""
    again = ClosingStep.objects.filter(run=run, due_at=None, tenant__state=Tenant.State.ACTIVE).exclude(
        state=State.DONE
    )
    again.update(state=State.WAITING, reasons=[], ended_at=None, due_at=Now())
    _add_steps(run)
    waiting = ClosingStep.objects.filter(run=run, state=State.WAITING).count()
    if waiting:
        ClosingRun.objects.filter(pk=run.pk).update(ended_at=None)
    return waiting


def close_due(now: datetime | None = None) -> None:
    """Close for all tenants the latest month that is over for as long as BILLING_GRACE_DAYS; what is closed stays as it is."""
    late = (now or timezone.now()) - timedelta(days=settings.BILLING_GRACE_DAYS)
    month = before(late.astimezone(BILLING_ZONE).date().replace(day=1))
    with staff_scope():
        run = ClosingRun.objects.filter(month=month, started_by=None).order_by("pk").first()
        if run:
            repeat(run)
        else:
            start_run(month, acting_user=None)


# --- One tenant's part --------------------------------------------------------------------------------------------


def take_turn(tenant_id: int, pk: int) -> None:
    """Go on with one tenant for about a second, then ring for the next turn."""
    wait = turns.take_turn(ClosingStep, tenant_id, pk, step)
    if wait is not None:
        turns.ring(TASK, tenant_id, pk, wait)


def sweep() -> None:
    """Ring for every part that no bell announced, and end the runs in which nothing waits any more."""
    for tenant_id, pk in turns.due(ClosingStep):
        turns.ring(TASK, tenant_id, pk)
    end_runs()


def end_runs() -> None:
    """Looked for, since two last parts that end at the same moment do not see each other. Its readers are told."""
    with staff_scope():
        waiting = ClosingStep.objects.filter(run=OuterRef("pk"), state=State.WAITING)
        over = ClosingRun.objects.filter(~Exists(waiting), ended_at=None)
        for run in list(over.select_for_update(skip_locked=True)):
            run.ended_at, counts = timezone.now(), _counts(run)
            if counts != run.told:
                promise_to_readers(run, counts)
                run.told = counts
            run.save(update_fields=["ended_at", "told"])


def _counts(run: ClosingRun) -> dict[str, int]:
    """How many companies came to what; states that none came to are left out."""
    found = ClosingStep.objects.filter(run=run).order_by().values_list("state").annotate(n=Count("pk"))
    return dict(sorted(found))


def step(row: ClosingStep) -> timedelta | None:
    """Close the tenant's earliest open month; again, until it is the run's."""
    try:
        with transaction.atomic():
            month = _close_next(row)
    except Blocked as blocked:
        month_blocked(row.tenant_id, blocked.month, blocked.blockers)
        _end(row, State.BLOCKED, [of_blocker(blocker) for blocker in blocked.blockers])
    except Refused as refusal:
        _end(row, State.BLOCKED, [of_refusal(refusal)])
    except Exception as error:
        logger.exception("closing step %s failed", row.pk)
        _end(row, State.FAILED, [f"{type(error).__name__}: {error}"])
    else:
        if month is not None:
            return timedelta()
        closed = Statement.objects.filter(tenant=row.tenant_id, month=row.month).exists()
        _end(row, State.DONE if closed else State.NOTHING)
    return None


def _close_next(row: ClosingStep) -> date | None:
    tenant = Tenant.objects.get(pk=row.tenant_id)
    month = next_to_close(tenant, row.month)
    if month is not None:
        close(tenant, month, acting_user=row.acting_user)
    return month


def _end(row: ClosingStep, state: ClosingStep.State, reasons: list[Stored] | None = None) -> None:
    row.state, row.reasons, row.ended_at = state, reasons or [], timezone.now()
    row.save(update_fields=["state", "reasons", "ended_at"])
