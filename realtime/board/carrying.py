"""How what was asked of a call is sent, and what becomes of it. Nothing leaves after `send_until`.

An answer says that the vendor took it; that it happened is said by events alone (`realtime.board.confirming`).
"""

import time
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from portal.operations.models import Operation, Status
from portal.operations.registry import (
    Absent,
    CannotTell,
    Found,
    Kind,
    Resend,
    Verdict,
    absorbs,
    carries_out,
    reverts,
    settles,
)
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorOutcomeUnknown, VendorRefused
from realtime.board import bell
from realtime.calls.models import CallAction
from realtime.client import KwebblClient
from realtime.client import Party as Callee
from realtime.grants.lines import http_of

What, State = CallAction.Kind, CallAction.State
PLACE_CALL = Kind("realtime.place_call", gettext_lazy("Place a call"), resend=Resend.NEVER)
TRANSFER = Kind("realtime.transfer", gettext_lazy("Transfer a call"), resend=Resend.NEVER)
HANG_UP = Kind("realtime.hang_up", gettext_lazy("Hang up a call"))
HOLD = Kind("realtime.hold", gettext_lazy("Put a call on hold"))
RESUME = Kind("realtime.resume", gettext_lazy("Resume a call"))
START_RECORDING = Kind("realtime.start_recording", gettext_lazy("Start recording a call"))
STOP_RECORDING = Kind("realtime.stop_recording", gettext_lazy("Stop recording a call"))
KINDS = {
    What.PLACE: PLACE_CALL,
    What.TRANSFER_BLIND: TRANSFER,
    What.TRANSFER_ATTENDED: TRANSFER,
    What.HANG_UP: HANG_UP,
    What.HOLD: HOLD,
    What.RESUME: RESUME,
    What.START_RECORDING: START_RECORDING,
    What.STOP_RECORDING: STOP_RECORDING,
}
TOO_LATE = _("It could not be sent in time, and a telephone that rings later would surprise people: it was not sent.")
SHOWN = _("An event shows that it was done.")
NOT_SHOWN = _("No event shows that it was done.")
SIMPLE: dict[Kind, Callable[[KwebblClient, str], None]] = {
    HANG_UP: KwebblClient.hang_up,
    HOLD: KwebblClient.hold,
    RESUME: KwebblClient.resume,
    START_RECORDING: KwebblClient.start_recording,
    STOP_RECORDING: KwebblClient.stop_recording,
}


def _send(work: Work, call: Callable[[KwebblClient, CallAction], None]) -> None:
    action = _action(work)
    left = (action.send_until - timezone.now()).total_seconds()
    if left <= 0:
        # One that was sent once already may have been done all the same.
        _change(action, State.UNCONFIRMED if action.state == State.UNKNOWN else State.TOO_LATE, TOO_LATE)
        raise VendorRefused(TOO_LATE)
    client = KwebblClient(http_of(work).no_later_than(time.monotonic() + left))
    try:
        call(client, action)
    except VendorOutcomeUnknown as error:
        _change(action, State.UNKNOWN, error.vendor_message or error.message)
        raise


def _place(client: KwebblClient, action: CallAction, told: dict[str, Any]) -> None:
    client.place_call(Callee(**told["to"]), Callee(**told["from"]) if "from" in told else None)


@carries_out(PLACE_CALL)
def _send_place(work: Work) -> None:
    _send(work, lambda client, action: _place(client, action, work.operation.payload))


@carries_out(TRANSFER)
def _send_transfer(work: Work) -> None:
    told = work.operation.payload
    _send(
        work,
        lambda client, action: client.transfer(
            told["call_id"], Callee(**told["target"]), attended=action.kind == What.TRANSFER_ATTENDED
        ),
    )


def _send_simple(kind: Kind) -> Callable[[Work], None]:
    def send(work: Work) -> None:
        _send(work, lambda client, action: SIMPLE[kind](client, work.operation.payload["call_id"]))

    return send


def _taken(operation: Operation, answer: object) -> None:
    """Unless an event was faster than the answer."""
    for action in _actions(operation).filter(state__in=[State.ASKED, State.UNKNOWN]):
        _change(action, State.TAKEN)


def _looked_up(work: Work) -> Verdict:
    """Only events prove what became of a call. What is absent is not sent again once its time is over: see `_send`."""
    operation = work.operation
    action = _action(work)
    if action.state == State.CONFIRMED:
        return Found(None, SHOWN)
    if operation.kind in (PLACE_CALL.name, TRANSFER.name):
        return CannotTell(NOT_SHOWN)
    return Absent(NOT_SHOWN)


def _not_done(operation: Operation) -> None:
    """What the vendor said to it is the operation's message, which is written after this: the board reads it there."""
    for action in _actions(operation).filter(state__in=[State.ASKED, State.UNKNOWN]):
        if action.state == State.UNKNOWN:
            _change(action, State.UNCONFIRMED)
        elif operation.status == Status.WAITING and timezone.now() >= action.send_until:
            _change(action, State.TOO_LATE, TOO_LATE)
        else:
            _change(action, State.REFUSED)


for _kind in {kind.name: kind for kind in KINDS.values()}.values():
    absorbs(_kind)(_taken)
    settles(_kind)(_looked_up)
    reverts(_kind)(_not_done)
for _kind in SIMPLE:
    carries_out(_kind)(_send_simple(_kind))


def _action(work: Work) -> CallAction:
    with tenant_scope(work.operation.tenant_id):
        return CallAction.objects.get(pk=work.operation.subject_pk)


def _actions(operation: Operation) -> Any:
    return CallAction.objects.select_for_update().filter(pk=operation.subject_pk)


def _change(action: CallAction, state: str, said: str = "") -> None:
    """In a transaction of its own where none is open."""
    over = state not in (State.ASKED, State.TAKEN, State.UNKNOWN)
    with tenant_scope(action.tenant_id):
        CallAction.objects.filter(pk=action.pk).update(
            state=state, said=said, ended_at=timezone.now() if over else None
        )
        bell.ring(action.tenant_id)
