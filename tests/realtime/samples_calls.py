"""A call with a leg and its events, for the sweeps over all pages."""

from typing import Any

from django.utils import timezone

from portal.vendors.models import Connection
from realtime.calls.models import Call, Leg, LegEvent
from realtime.events.models import Event

BODY = b'{"id": "e-1", "event_type": "ringing", "call_id": "leg-1", "from": {"number": "31611111111"}}'


def samples_of_calls(tenant, connection: Connection) -> dict[str, dict[str, Any]]:
    call, event = some_call(connection)
    return {
        "realtime:calls": {},
        "realtime:call": {"pk": call.pk},
        "realtime:events": {},
        "realtime:event": {"pk": event.pk},
    }


def some_call(connection: Connection) -> tuple[Call, Event]:
    """It rings, and one event told so."""
    now, own = timezone.now(), {"tenant_id": connection.tenant_id, "connection": connection}
    sides = {
        "direction": "inbound",
        "from_number": "+31611111111",
        "to_number": "345",
        "state": "ringing",
        "began_at": now,
    }
    call = Call.objects.create(**own, **sides, last_event_at=now)
    leg = Leg.objects.create(**own, **sides, call=call, vendor_id="leg-1", ringing_at=now)
    event = Event.objects.create(
        **own, subscription_id=0, key="e-1/ringing", body=BODY, event_type="ringing", told_at=now, handled_at=now,
        outcome="applied",
    )  # fmt: skip
    LegEvent.objects.create(
        tenant_id=connection.tenant_id, leg=leg, event_key=event.key, event_type="ringing", at=now,
        told={"from": {"number": "31611111111"}},
    )  # fmt: skip
    return call, event
