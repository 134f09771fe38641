"""What the support desk asks of an operation of live calls: by which names the vendor knows it."""

from portal.operations.models import Operation
from portal.operations.registry import identifies
from realtime.board.actions import KINDS
from realtime.calls.models import Leg
from realtime.extensions.operations import SET_CALLER_ID
from realtime.models import Subscription
from realtime.subscriptions.operations import CANCEL, SUBSCRIBE


def _names_of_call(operation: Operation) -> list[tuple[str, str]]:
    """Of a call that was placed: the IDs of what it became, once events told of it."""
    asked_of = operation.payload.get("call_id", "")
    became = Leg.objects.filter(call__actions=operation.subject_id or 0).order_by("began_at", "pk")
    ids = [asked_of] if asked_of else list(became.values_list("vendor_id", flat=True)[:10])
    ends = [(side, operation.payload.get(side) or {}) for side in ("from", "to", "target")]
    return [
        ("Call ID", ", ".join(ids)),
        *((f"Extension ID ({side})", told.get("extension_id", "")) for side, told in ends),
    ]


for _kind in {kind.name: kind for kind in KINDS.values()}.values():
    identifies(_kind)(_names_of_call)


@identifies(SUBSCRIBE)
@identifies(CANCEL)
def _names_of_subscription(operation: Operation) -> list[tuple[str, str]]:
    """Its address is a secret of the portal and stays here."""
    known = Subscription.objects.filter(pk=operation.subject_id or 0).values_list("vendor_id", flat=True)
    return [("Subscription ID", operation.payload.get("subscription_id") or known.first() or "")]


@identifies(SET_CALLER_ID)
def _names_of_extension(operation: Operation) -> list[tuple[str, str]]:
    return [
        ("Extension ID", operation.payload.get("extension_id", "")),
        ("Caller ID's ID", operation.payload.get("caller_id", "")),
    ]
