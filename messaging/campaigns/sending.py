"""One batch handed to the vendor by one call, and what became of it when the answer was lost.

The vendor has no idempotency key and nothing to read back. What may have left is never sent again by itself: a report at the
sending's own address proves that it left, silence proves nothing, and a person may decide (`resending`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from messaging.campaigns import batches, guards
from messaging.campaigns.cancelling import cancel_batches
from messaging.campaigns.ledger import record_parts
from messaging.campaigns.waking import wake_after_commit
from messaging.client import KpnSmsClient, Outgoing, Sent
from messaging.models import VALIDITY, Batch, Campaign, Message, MessageState, Sending, SmsAccount
from messaging.people.optouts import opted_out
from messaging.reports.addresses import report_url
from portal.operations.models import ENDED, Attempt, Decision, Operation, Status
from portal.operations.registry import (
    CannotTell,
    Found,
    Kind,
    PersonSays,
    Resend,
    Verdict,
    absorbs,
    carries_out,
    prepares,
    reverts,
    settles,
)
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorUnavailable

SEND = Kind("messaging.send", gettext_lazy("Send SMS"), resend=Resend.NEVER, reaches_people=True)
M = MessageState
Outcome, Action = Attempt.Outcome, Decision.Action
# Sendings that ended so have surely not left.
NOT_LEFT = [Outcome.NOT_SENT, Outcome.THROTTLED, Outcome.CREDENTIALS, Outcome.REFUSED]


@dataclass(frozen=True)
class NothingToSend:
    """Everybody in the batch was left out, or has been told of already: the vendor was not called."""


@dataclass(frozen=True)
class Held:
    """The campaign was held before anything left, and the worker did not come back."""


@dataclass(frozen=True)
class Proven:
    """A report came to the address of this sending: the vendor has taken it."""

    sending_id: int


Answer = Sent | Proven | NothingToSend | Held | PersonSays


# --- Claimed, then sent -------------------------------------------------------------------------------------------------


@prepares(SEND)
def _claimed(operation: Operation) -> dict[str, Any]:
    """In the transaction of the claim: who is sent to is decided here, with the do-not-send list as it is now."""
    batch = batches.batch_of(operation)
    if held(batch.campaign_id, operation):
        return {"held": True}
    if proven := proven_sending(batch):
        return {"proven": proven.pk}
    messages = list(_untold(batch))
    unwanted = opted_out([message.number for message in messages])
    # Who was written to already, perhaps, stays unknown; who was not is left out.
    skipped = [message.pk for message in messages if message.number in unwanted and message.state == M.WAITING]
    left_out = [message.pk for message in messages if message.number in unwanted and message.state == M.UNKNOWN]
    if skipped:
        Message.objects.filter(pk__in=skipped).update(state=M.SKIPPED, state_at=timezone.now())
    messages = [message for message in messages if message.number not in unwanted]
    facts = _counted(messages) | ({"left_out": left_out} if left_out else {})
    if messages:
        facts["sending"] = _open_sending(batch, operation, len(messages)).pk
        batches.write([batch], state=Batch.State.ASKED)
    return facts


def held(campaign_id: int, operation: Operation) -> bool:
    """Must it not leave now? A person who had it sent again vouches for the hour as well."""
    if operation.decisions.filter(action=Action.SEND_AGAIN).exists():
        return False
    campaign = Campaign.objects.select_related("connection__tenant").get(pk=campaign_id)
    return campaign.state != Campaign.State.SENDING or guards.held_until(campaign) is not None


def proven_sending(batch: Batch) -> Sending | None:
    """The last one that a report speaks of."""
    return batch.sendings.exclude(first_report_at=None).order_by("-number").first()


def _untold(batch: Batch) -> QuerySet[Message]:
    return Message.objects.filter(batch=batch, state__in=batches.UNTOLD).order_by("pk")


def _counted(messages: Sequence[Message]) -> dict[str, Any]:
    """Messages and parts, by country."""
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for message in messages:
        parts[message.country][0] += 1
        parts[message.country][1] += message.parts
    return {"messages": len(messages), "parts": dict(parts)}


def _open_sending(batch: Batch, operation: Operation, messages: int) -> Sending:
    return Sending.objects.create(
        tenant_id=batch.tenant_id,
        batch=batch,
        connection_id=operation.connection_id,
        number=batch.sendings.count() + 1,
        messages=messages,
    )


@carries_out(SEND)
def _send(work: Work) -> Answer:
    facts = work.attempt.facts
    if facts.get("held"):
        raise VendorUnavailable(_("The campaign is held; nothing was sent."))
    if "proven" in facts:
        return Proven(facts["proven"])
    if "sending" not in facts:
        return NothingToSend()
    with tenant_scope(work.operation.tenant_id):
        sending = Sending.objects.select_related("batch__campaign").get(pk=facts["sending"])
        told = reports_wanted(sending.connection_id)
        messages = list(_untold(sending.batch).exclude(pk__in=facts.get("left_out", [])))
    if not messages:
        return NothingToSend()
    if len(messages) != facts["messages"]:
        # A report came between the claim and now.
        work.remember(**_counted(messages))
    campaign = sending.batch.campaign
    return KpnSmsClient(work.http).send(
        _outgoing(messages, campaign.text),
        sender=campaign.sender,
        webhook_url=report_url(sending) if told else "",
        expires_in=campaign.expires_in,
    )


def reports_wanted(connection_id: int) -> bool:
    return not SmsAccount.objects.filter(connection=connection_id, wants_reports=False).exists()


def _outgoing(messages: Iterable[Message], text: str) -> list[Outgoing]:
    """The same text to many is said once."""
    numbers: dict[str, list[str]] = {}
    for message in messages:
        numbers.setdefault(message.text or text, []).append(message.number)
    return [Outgoing(each, some) for each, some in numbers.items()]


# --- What the vendor said, a report proved, or a person learned ---------------------------------------------------------


@absorbs(SEND)
def _ended(operation: Operation, answer: Answer) -> None:
    batch = batches.batch_of(operation)
    match answer:
        case Held():
            batches.back_to_planned([batch])
        case NothingToSend():
            _nothing_left(batch)
        case Proven():
            sending = Sending.objects.get(pk=answer.sending_id)
            taken(batch, sending, sending.first_report_at or sending.started_at)
        case Sent():
            _answered(operation, batch, answer.document_id, timezone.now())
        case PersonSays():
            _answered(operation, batch, answer.reference, None)
    wake_after_commit(operation.tenant_id, batch.campaign_id)


def _nothing_left(batch: Batch) -> None:
    """What an earlier sending did stays as it is."""
    if not batch.unknown and batch.taken_at is None:
        batches.write([batch], state=Batch.State.CANCELLED)


def _answered(operation: Operation, batch: Batch, reference: str, at: datetime | None) -> None:
    facts = _last_sending(operation).facts
    sending = Sending.objects.get(pk=facts["sending"])
    sending.document_id = reference[:100]
    sending.save(update_fields=["document_id"])
    taken(batch, sending, at or sending.started_at, left_out=facts.get("left_out", []))


def _last_sending(operation: Operation) -> Attempt:
    """The last attempt by which something may have left."""
    return _sendings(operation).latest("number")


def _sendings(operation: Operation) -> QuerySet[Attempt]:
    attempts = Attempt.objects.filter(operation=operation, purpose=Attempt.Purpose.SEND)
    return attempts.filter(facts__has_key="sending")


def taken(batch: Batch, sending: Sending, at: datetime, left_out: Sequence[int] = ()) -> None:
    """The vendor has it, and had it by `at`. It is charged for in the sending's own time. The caller holds the batch."""
    batches.move([batch], batches.UNTOLD, M.HANDED_OVER, but=left_out)
    valid = timedelta(seconds=batch.campaign.expires_in) if batch.campaign.expires_in else VALIDITY
    due = at + valid if reports_wanted(sending.connection_id) else None
    batches.write([batch], state=Batch.State.DONE, taken_at=at, reports_due_at=due)
    record_parts(sending)


def proven(sending_id: int) -> None:
    """A first report speaks of this sending: it is charged for, whatever people decided about it meanwhile.

    In the caller's transaction, which has set `first_report_at`. Where its operation is still open the settling look, or the
    next claim, finds the proof by itself; one that was given up is put right here.
    """
    sending = Sending.objects.get(pk=sending_id)
    [batch] = batches.lock([sending.batch_id])
    if batch.operation_id is None:
        # Taken back, and not asked for again: whoever does finds the proof.
        return
    record_parts(sending)
    given_up = Operation.objects.filter(pk=batch.operation_id, status__in=ENDED).exists()
    if batch.state == Batch.State.UNKNOWN and given_up:
        taken(batch, sending, sending.first_report_at or sending.started_at)


# --- The answer was lost ------------------------------------------------------------------------------------------------


@settles(SEND)
def _look(work: Work) -> Verdict:
    """The vendor has nothing to read: a report at the sending's own address is the only proof."""
    facts = work.sending_facts()
    if facts.get("held"):
        return Found(Held(), _("The campaign was held; nothing had left."))
    if "sending" not in facts:
        return Found(NothingToSend(), _("There was nothing to send; nothing had left."))
    with tenant_scope(work.operation.tenant_id):
        sending = Sending.objects.get(pk=facts["sending"])
        batches.mark_unknown([sending.batch_id])
    if sending.first_report_at is not None:
        evidence = {"first_report_at": sending.first_report_at.isoformat()}
        return Found(Proven(sending.pk), _("A delivery report came to this sending's own address."), evidence)
    return CannotTell(_("No delivery report came to this sending's address yet. Silence proves nothing."))


@reverts(SEND)
def _without_effect(operation: Operation) -> None:
    """Refused, cancelled, recalled or given up. What may have left stays unknown: only a report can tell of it."""
    batch = batches.batch_of(operation)
    decided = set(operation.decisions.values_list("action", flat=True))
    by_person = bool(decided & {Action.CANCEL, Action.GIVE_UP})
    by_vendor = operation.status != Status.WAITING and not by_person
    if _may_have_left(operation, but_for_last=by_vendor):
        batches.move([batch], [M.WAITING], M.UNKNOWN)
        batches.write([batch], state=Batch.State.UNKNOWN)
    elif by_vendor:
        batches.move([batch], batches.UNTOLD, M.REFUSED)
        batches.write([batch], state=Batch.State.REFUSED)
    elif by_person or batch.campaign.state == Campaign.State.CANCELLED:
        cancel_batches(batch.campaign, [batch])
    else:
        batches.back_to_planned([batch])
    wake_after_commit(operation.tenant_id, batch.campaign_id)


def _may_have_left(operation: Operation, *, but_for_last: bool) -> bool:
    """By any of its sendings; `but_for_last` where the vendor has just refused that one."""
    sendings = _sendings(operation).exclude(outcome__in=NOT_LEFT)
    if but_for_last:
        sendings = sendings.exclude(number=operation.attempt_count)
    return sendings.exists()
