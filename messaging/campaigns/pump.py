"""Keeps a released campaign going: never more batches asked for than may be under way, and none where something holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from messaging.campaigns import batches, guards
from messaging.campaigns.cancelling import cancel_batches
from messaging.campaigns.sending import SEND
from messaging.campaigns.stopping import passed_over, reason_to_stop
from messaging.models import Batch, Campaign, MessageState
from messaging.notices.campaigns import campaign_finished
from portal.audit.trail import record
from portal.operations import bells, engine
from portal.operations.models import STUCK, Decision, Operation, Status
from portal.operations.promises import Promise, submit_many
from portal.sentences import Sentence
from portal.vendors.models import Connection

State = Campaign.State
M = MessageState
# While something is under way. Its end rings at once; this is for what does not ring.
POLL = timedelta(seconds=0.5)
LONGEST_REST = timedelta(seconds=30)
# A bell may be set so far ahead; one that rings a moment too early is not heard.
FORESIGHT, MARGIN = timedelta(seconds=15), timedelta(milliseconds=20)
# After so long without a report of the first batch the others follow: the vendor has taken it.
CANARY_PATIENCE = timedelta(seconds=60)
CANCELLED_AT_ONCE = 20


@dataclass(frozen=True)
class Asked:
    """A batch that was asked for, and how its operation stands. `dubious` where it may have left."""

    batch_id: int
    operation_id: int
    lane: str
    status: str
    due_at: datetime
    trouble: str

    @property
    def dubious(self) -> bool:
        return self.status in STUCK and self.trouble != Operation.Trouble.PROTOCOL


def pump_step(campaign: Campaign) -> timedelta | None:
    """One look around: what is unknown is marked, what must not leave is recalled, what may be is asked for."""
    campaign.connection = _connection(campaign)
    asked = _asked(campaign)
    batches.mark_unknown(each.batch_id for each in asked if each.dubious)
    asked = [each for each in asked if not each.dubious]
    if campaign.state in (State.PAUSED, State.STOPPED):
        return _hold(asked)
    if wait := _rest(campaign):
        _hold(asked)
        return wait
    if not asked and not _planned(campaign).exists():
        _end(campaign, State.DONE)
        return None
    if reason := reason_to_stop(campaign):
        return _stop(campaign, reason, asked)
    _begin(campaign)
    return _go_on(campaign, asked)


def _connection(campaign: Campaign) -> Connection:
    return Connection.objects.select_related("tenant", "health", "sms_account").get(pk=campaign.connection_id)


def _asked(campaign: Campaign) -> list[Asked]:
    rows = campaign.batches.filter(state=Batch.State.ASKED, operation__isnull=False).order_by("number")
    fields = ("pk", "operation_id", "operation__lane", "operation__status", "operation__due_at", "operation__trouble")
    return [Asked(*row) for row in rows.values_list(*fields)]


def _planned(campaign: Campaign) -> QuerySet[Batch]:
    return campaign.batches.filter(state=Batch.State.PLANNED).order_by("number")


def _rest(campaign: Campaign) -> timedelta | None:
    """How long nothing may be asked for: before its time, in quiet hours, or while its connection is switched off."""
    if until := guards.held_until(campaign):
        return min(until - timezone.now(), timedelta(hours=1))
    return None if campaign.connection.enabled else LONGEST_REST


def _hold(asked: Sequence[Asked]) -> timedelta | None:
    """Take back what has not left; look again while something is under way."""
    for each in asked:
        if each.status == Status.WAITING:
            recall(each.operation_id)
    return POLL if asked else None


def recall(operation_id: int) -> bool:
    """Take back a sending that has not left and that no person asked for again. False where it has left meanwhile."""
    mine = ~Q(decisions__action=Decision.Action.SEND_AGAIN)
    found = Operation.objects.select_for_update(of=("self",)).filter(mine, pk=operation_id, status=Status.WAITING)
    if (operation := found.first()) is None:
        return False
    engine.end_without_effect(
        operation, Status.CANCELLED, "", _("Taken back before it was sent: the campaign is held.")
    )
    return True


def _begin(campaign: Campaign) -> None:
    if campaign.state == State.SCHEDULED:
        campaign.state, campaign.began_at = State.SENDING, campaign.began_at or timezone.now()
        campaign.save(update_fields=["state", "began_at"])


def _end(campaign: Campaign, state: Campaign.State) -> None:
    campaign.state, campaign.ended_at = state, timezone.now()
    campaign.save(update_fields=["state", "ended_at"])
    if state == Campaign.State.DONE:
        campaign_finished(campaign)


def _stop(campaign: Campaign, reason: Sentence, asked: Sequence[Asked]) -> timedelta | None:
    campaign.state, campaign.stopped_because = State.STOPPED, reason.as_json()
    campaign.save(update_fields=["state", "stopped_because"])
    record("messaging.campaign_stopped", campaign, after=reason.as_json(), acting_user=None)
    return _hold(asked)


def _go_on(campaign: Campaign, asked: Sequence[Asked]) -> timedelta:
    """Fill up what may be under way, and ring for what waits. Returns when to look again."""
    if (canary := _canary_under_way(campaign)) is not None:
        return canary
    room = max(settings.OPERATION_TENANT_CONCURRENCY - len(asked), 0)
    wanted = list(_planned(campaign)[:room].values_list("pk", flat=True))
    if wanted:
        _ask(campaign, wanted)
    quiet = campaign.connection.health.quiet_until
    if quiet is not None and (rest := quiet - timezone.now()) > timedelta():
        return timedelta() if wanted else _until_the_vendor_may_be_called(campaign, asked, rest)
    _ring(campaign, asked)
    return POLL if wanted else _next_look(asked)


def _until_the_vendor_may_be_called(campaign: Campaign, asked: Sequence[Asked], rest: timedelta) -> timedelta:
    """So that the first moment of a new quota is not lost, bells for all that waits are set to it beforehand."""
    if rest > FORESIGHT:
        return FORESIGHT
    if all(each.status == Status.WAITING for each in asked):
        for each in asked:
            ring = partial(bells.ring, campaign.tenant_id, campaign.connection_id, each.lane, rest + MARGIN)
            transaction.on_commit(ring)
    return rest + MARGIN


def _ring(campaign: Campaign, asked: Sequence[Asked]) -> None:
    """A bell that came while too much was under way was not heard."""
    now = timezone.now()
    for each in asked:
        if each.status == Status.WAITING and each.due_at <= now:
            bells.ring_after_commit(campaign.tenant_id, campaign.connection_id, each.lane)


def _next_look(asked: Sequence[Asked]) -> timedelta:
    """Sooner while something is being sent than while all of it waits for a back-off."""
    waits = [each.due_at - timezone.now() for each in asked if each.status == Status.WAITING]
    if len(waits) < len(asked) or not waits:
        return POLL
    return min(max(min(waits), POLL), LONGEST_REST)


def _canary_under_way(campaign: Campaign) -> timedelta | None:
    """When to look again, while the first batch of a large campaign is to stay alone; None for everybody else."""
    canary = campaign.batches.filter(canary=True).first()
    if canary is None or passed_over(campaign):
        return None
    if canary.state == Batch.State.PLANNED:
        _ask(campaign, [canary.pk])
        return POLL
    if canary.state == Batch.State.ASKED:
        return POLL
    heard = canary.accepted or canary.delivered or not _wants_reports(campaign)
    waited = canary.taken_at is not None and timezone.now() - canary.taken_at >= CANARY_PATIENCE
    ended_otherwise = canary.state != Batch.State.DONE
    return None if heard or waited or ended_otherwise else POLL


def _wants_reports(campaign: Campaign) -> bool:
    account = getattr(campaign.connection, "sms_account", None)
    return account is None or account.wants_reports


def _ask(campaign: Campaign, ids: Sequence[int]) -> None:
    """Promise a sending of each batch, in a lane of its own: one that is unknown holds up no other."""
    some = batches.lock(ids)
    batches.move(some, [M.PLANNED], M.WAITING)
    promises = [_promise(campaign, batch) for batch in some]
    operations = submit_many(SEND, connection=campaign.connection, promises=promises, acting_user=campaign.released_by)
    for batch, operation in zip(some, operations, strict=True):
        batches.write([batch], state=Batch.State.ASKED, operation=operation)


def _promise(campaign: Campaign, batch: Batch) -> Promise:
    messages = batch.planned + batch.waiting
    payload = {
        "campaign": campaign.name,
        "campaign_id": campaign.pk,
        "batch": batch.number,
        "messages": messages,
        "sender": campaign.sender,
    }
    return Promise(batch, f"{campaign.name} · {batch.number}", payload, lane=f"sms:{batch.pk}")


# --- Cancelled ----------------------------------------------------------------------------------------------------------


def cancel_step(campaign: Campaign) -> timedelta | None:
    """Take back what waits in its lane, then what was never asked for, some batches at a time; ended when nothing is left."""
    asked = _asked(campaign)
    batches.mark_unknown(each.batch_id for each in asked if each.dubious)
    wait = _hold([each for each in asked if not each.dubious])
    planned = list(_planned(campaign)[:CANCELLED_AT_ONCE].values_list("pk", flat=True))
    if planned:
        cancel_batches(campaign, batches.lock(planned))
        return timedelta()
    if not wait:
        _end(campaign, State.CANCELLED)
    return wait
