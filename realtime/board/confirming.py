"""What was asked of calls, held against what events show of them: only that makes "asked for" into "done"."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.utils import timezone

from realtime.board import bell
from realtime.calls.changes import CallChange
from realtime.calls.models import CallAction, LegState

What, State = CallAction.Kind, CallAction.State
OPEN = [State.ASKED, State.TAKEN, State.UNKNOWN]
# The event that shows each.
SHOWN_BY = {
    What.HANG_UP: "terminated",
    What.HOLD: "holding",
    What.RESUME: "resume",
    What.START_RECORDING: "start_recording",
    What.STOP_RECORDING: "stop_recording",
    What.TRANSFER_BLIND: "transferred",
    What.TRANSFER_ATTENDED: "transferred",
}
# The vendor's clock may be so far from ours.
CLOCKS_DIFFER = timedelta(seconds=30)


def confirm(changes: Sequence[CallChange]) -> None:
    """Within the transaction that followed the events. One query where nothing is asked for."""
    actions = list(_open_actions(changes))
    for change in changes:
        for action in actions:
            if action.state in OPEN and _shows(change, action):
                _confirmed(action, change)
                if action.kind == What.PLACE:
                    break


def _open_actions(changes: Sequence[CallChange]) -> Iterable[CallAction]:
    connections = {change.call.connection_id for change in changes}
    found = CallAction.objects.select_for_update(of=("self",)).filter(connection__in=connections, state__in=OPEN)
    return found.order_by("id")


def _shows(change: CallChange, action: CallAction) -> bool:
    if action.connection_id != change.call.connection_id:
        return False
    if action.kind == What.PLACE:
        return action.call_id is None and _is_the_call(change, action)
    of_this = action.call_id == change.call.pk or action.leg_id in {leg.pk for leg in change.legs}
    return of_this and (_told(change, SHOWN_BY[What(action.kind)]) or _ended(change, action))


def _told(change: CallChange, event_type: str) -> bool:
    return any(event.event_type == event_type for event in change.events)


def _ended(change: CallChange, action: CallAction) -> bool:
    return action.kind == What.HANG_UP and change.call.state == LegState.ENDED


def _is_the_call(change: CallChange, action: CallAction) -> bool:
    """It began after it was asked for, between the two that were named: whoever of them the vendor lets begin."""
    if change.call.began_at < action.asked_at - CLOCKS_DIFFER:
        return False
    extensions = {
        pk for leg in change.legs for pk in (leg.from_extension_id, leg.via_extension_id, leg.to_extension_id)
    }
    numbers = {number for leg in change.legs for number in (leg.from_number, leg.via_number, leg.to_number)}
    ends = ((action.to_extension_id, action.to_number), (action.from_extension_id, action.from_number))
    return all(pk in extensions if pk else number in numbers for pk, number in ends if pk is not None or number)


def _confirmed(action: CallAction, change: CallChange) -> None:
    action.state, action.ended_at = State.CONFIRMED, timezone.now()
    if action.call_id is None:
        action.call = change.call
    action.save(update_fields=["state", "ended_at", "call"])
    bell.ring(action.tenant_id)
