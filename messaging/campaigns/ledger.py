"""What is charged for: the parts of each sending that the vendor is proven to have taken, once."""

from typing import Any

from messaging.models import Batch, Destination, PartsSent, Sending
from portal.operations.models import Attempt


def record_parts(sending: Sending) -> None:
    """By destination, as they were counted before they left. Told twice, it is written once."""
    rows = [
        PartsSent(
            tenant_id=sending.tenant_id,
            destination=_destination(sending, country),
            batch_id=sending.batch_id,
            sending=sending,
            sent_at=sending.started_at,
            messages=messages,
            parts=parts,
        )
        for country, (messages, parts) in _counted(sending)["parts"].items()
    ]
    PartsSent.objects.bulk_create(rows, ignore_conflicts=True)


def _destination(sending: Sending, country: str) -> Destination:
    made, _new = Destination.objects.get_or_create(
        connection_id=sending.connection_id, country=country, defaults={"tenant_id": sending.tenant_id}
    )
    return made


def _counted(sending: Sending) -> dict[str, Any]:
    """The facts that its attempt kept before anything left."""
    attempts = Attempt.objects.filter(
        operation__subject_type=Batch._meta.label_lower, operation__subject_id=sending.batch_id
    )
    return attempts.get(purpose=Attempt.Purpose.SEND, facts__sending=sending.pk).facts
