"""Telling a company's other systems."""

from realtime.calls.models import Call


def tell(event: str, call: Call) -> None:
    """Within the transaction that followed the events. `event` is call.inbound, call.ringing, call.answered, call.ended."""
