"""Telling a company's other systems: one row for each address that wants to know, in the transaction of what happened."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from realtime.calls.models import Call, Leg
from realtime.cards.matching import cards_for
from realtime.hooks import bell
from realtime.hooks.events import body_of, call_told
from realtime.hooks.models import Delivery, Endpoint

INBOUND = "inbound"
# Far more than a telephone system joins, far less than a message may hold.
MOST_TOLD = 100


def tell_of(tenant_id: int, event: str, data: Mapping[str, Any]) -> None:
    """Have every address that chose `event` told `data` (JSON). One query where nobody did."""
    tell_all(tenant_id, _listening(tenant_id, event), event, data)


def tell(event: str, call: Call) -> None:
    """As `tell_of`, with what is known of the call, and the card of the side that is not the company's."""
    endpoints = _listening(call.tenant_id, event)
    if endpoints:
        outside = call.from_number if call.direction == INBOUND else call.to_number
        card = cards_for([outside]).get(outside)
        tell_all(call.tenant_id, endpoints, event, call_told(call, card, _was(call)))


def _was(call: Call) -> list[int]:
    """The calls that became part of it, the oldest first."""
    joined = Leg.objects.filter(call=call).exclude(was_of=None).values_list("was_of", flat=True)
    return [pk for pk in joined.order_by("was_of").distinct()[:MOST_TOLD] if pk]


def tell_all(tenant_id: int, endpoints: list[int], event: str, data: Mapping[str, Any]) -> None:
    """The same message to these addresses (their ids), whatever they chose."""
    if not endpoints:
        return
    message_id, body = f"msg_{uuid4().hex}", body_of(event, data)
    made = Delivery.objects.bulk_create(
        Delivery(tenant_id=tenant_id, endpoint_id=pk, message_id=message_id, event=event, body=body) for pk in endpoints
    )
    bell.ring_after_commit(tenant_id, [delivery.pk for delivery in made])


def _listening(tenant_id: int, event: str) -> list[int]:
    chosen = Endpoint.objects.filter(tenant_id=tenant_id, enabled=True, events__contains=[event])
    return list(chosen.order_by("pk").values_list("pk", flat=True))
