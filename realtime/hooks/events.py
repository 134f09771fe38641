"""What a company's other systems can be told, and how each is written down."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime.calls.models import Call
from realtime.cards.models import Card

CALL_EVENTS = {
    "call.inbound": _("Somebody outside calls"),
    "call.ringing": _("A telephone rings"),
    "call.answered": _("A call is answered"),
    "call.ended": _("A call ended"),
}
EVENTS = {
    **CALL_EVENTS,
    "callback.requested": _("A visitor asks to be called back"),
    "callback.ended": _("What became of such a request"),
}
# Sent by its button alone, to whatever an endpoint has chosen.
TEST = "webhook.test"
MAX_BODY_BYTES = 20_000


class TooLong(Exception):
    """An event is never longer than MAX_BODY_BYTES: a mistake of the code."""


def body_of(event: str, data: Mapping[str, Any]) -> str:
    """The JSON that is signed and sent: `type`, `timestamp` (ISO 8601, UTC) and `data`. Raises TooLong."""
    told = {"type": event, "timestamp": timezone.now().isoformat(), "data": data}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > MAX_BODY_BYTES:
        raise TooLong(event)
    return body


def call_told(call: Call, card: Card | None, was: Sequence[int]) -> dict[str, Any]:
    """A call as it is told; times are ISO 8601 in UTC or None. `card` is None for somebody whom no card knows, `was` are the
    ids of calls that may have been told of before, and turned out to be part of this one.
    """
    return {
        "call": {
            "id": str(call.pk),
            "was": [str(pk) for pk in was],
            "state": call.state,
            "direction": call.direction,
            "from": _side(call.from_number, call.from_extension),
            "to": _side(call.to_number, call.to_extension),
            "began_at": _time(call.began_at),
            "answered_at": _time(call.answered_at),
            "ended_at": _time(call.ended_at),
            "reason": call.reason,
        },
        "card": card and card_told(card),
    }


def card_told(card: Card) -> dict[str, str]:
    """`card` as `realtime.cards.matching.cards_for` gives it."""
    told = {name: getattr(card, name) for name in ("name", "company", "reference", "note")}
    return {"id": str(card.pk), **told, "link": getattr(card, "link", "")}


def _side(number: str, extension: Any) -> dict[str, str]:
    return {"number": number, "extension": extension.number if extension else "", "name": str(extension or "")}


def _time(at: Any) -> str | None:
    return at.isoformat() if at else None
