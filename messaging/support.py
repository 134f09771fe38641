"""What the support desk asks of a batch that was sent: by which names the vendor knows it."""

from django.utils.translation import gettext_lazy as _

from messaging.models import Batch, Sending
from portal.operations.models import Operation
from portal.operations.registry import Kind, identifies

# Known by its name alone: what carries it out knows the client, and support need not.
SEND = Kind("messaging.send", _("Send SMS"))


@identifies(SEND)
def _names_of_batch(operation: Operation) -> list[tuple[str, str]]:
    """Texts and numbers of recipients are no names: the case file holds nothing about people."""
    tries = Sending.objects.filter(batch=operation.subject_id or 0).order_by("number")
    told = list(tries.values_list("document_id", "started_at"))
    batch = Batch.objects.filter(pk=operation.subject_id or 0).values_list("campaign__sender", "number").first()
    sender, number = batch or ("", "")
    return [
        *(("Document ID", document_id) for document_id, _at in told),
        ("Sender", sender),
        ("Batch of the campaign", str(number)),
        ("Handed over", ", ".join(f"{at:%Y-%m-%d %H:%M:%S}Z" for _document, at in told)),
    ]
