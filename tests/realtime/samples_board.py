"""A call that is going on, for the board's addresses."""

from typing import Any

from django.utils import timezone

from realtime.calls.models import Call, Leg, LegState
from realtime.models import Extension


def samples_of_board(tenant, owner, connection) -> dict[str, dict[str, Any]]:
    extension = Extension.objects.create(
        tenant=tenant,
        connection=connection,
        vendor_id="b0a4d" * 6,
        name="Alice",
        number="291",
        kind="user",
        member=owner,
    )
    call = a_call(tenant, connection, extension, vendor_id="call-of-the-board")
    return {
        "realtime:board": {},
        "realtime:board_now": {},
        "realtime:call_place": {},
        "realtime:call_act": {"pk": call.pk, "what": "hang_up"},
        "realtime:call_transfer": {"pk": call.pk},
    }


def a_call(tenant, connection, extension, number="+31612345678", state=LegState.TALKING, vendor_id="call-1") -> Call:
    """An inbound call at `extension`, with its one leg."""
    now = timezone.now()
    parties = {"direction": "inbound", "from_number": number, "to_number": extension.number, "to_extension": extension}
    answered = {"answered_at": now} if state != LegState.RINGING else {}
    own = {"tenant": tenant, "connection": connection, "state": state, "began_at": now, **parties, **answered}
    call = Call.objects.create(**own, last_event_at=now)
    Leg.objects.create(**own, call=call, vendor_id=vendor_id)
    return call
