"""Sending a batch again whose answer was lost: a person's decision, knowing who may get it twice."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from messaging.campaigns import batches
from messaging.models import Batch, Message
from messaging.people.optouts import opted_out
from portal.operations import decisions
from portal.operations.decisions import NotPossible
from portal.operations.models import Operation, Status
from portal.operations.refusals import NotPromised


@dataclass(frozen=True)
class Again:
    """Before deciding: `messages` would be sent, and may arrive a second time; `left_out` asked not to be written to."""

    messages: int
    left_out: int


def again(batch: Batch) -> Again:
    """Only those that no report speaks of. Nobody else is written to again."""
    numbers = list(Message.objects.filter(batch=batch, state__in=batches.UNTOLD).values_list("number", flat=True))
    left_out = len(opted_out(numbers))
    return Again(len(numbers) - left_out, left_out)


@transaction.atomic
def send_again(batch: Batch, *, reason: str, may_get_twice: int | None, acting_user: Any) -> Operation:
    """Send once more to those of the batch without any report, as a sending of its own.

    `may_get_twice` is the number that the person was warned of. Raises NotPromised where it is not that any more, without a
    reason, while a report is still waited for, or when there is nothing to decide.
    """
    if not reason.strip():
        raise NotPromised(_("Give a reason: people may get the message twice. Nothing was sent."))
    operation = _operation_of(batch)
    [batch] = batches.lock([batch.pk])
    if not (found := again(batch)).messages:
        raise NotPromised(_("Nobody in this batch is without a report. Nothing was sent."))
    if found.messages != may_get_twice:
        raise NotPromised(
            _("It is %(number)s recipients now who may get it twice. Nothing was sent: look again."),
            number=found.messages,
        )
    try:
        decisions.send_again(operation, reason=reason.strip(), acting_user=acting_user)
    except NotPossible as refusal:
        raise NotPromised(_("%(why)s Nothing was sent."), why=str(refusal)) from None
    return operation


def _operation_of(batch: Batch) -> Operation:
    """Locked before its batch, as the workers do."""
    operation = Operation.objects.select_for_update(of=("self",)).filter(pk=batch.operation_id or 0).first()
    if operation is not None and operation.status == Status.UNKNOWN:
        raise NotPromised(
            _("A delivery report may still prove that it left. Nothing was sent: decide when it needs a person.")
        )
    if operation is None or operation.status != Status.NEEDS_PERSON:
        raise NotPromised(_("Nothing is to be decided about this batch. Nothing was sent."))
    return operation
