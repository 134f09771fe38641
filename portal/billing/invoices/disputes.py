"""The dispute file of a line: a text to send to the vendor and the ledger as CSV, kept as they were made."""

from hashlib import sha256
from typing import Any

from django.db import transaction
from django.http import HttpResponse

from portal.audit.trail import record
from portal.billing.invoices.case import case_of
from portal.billing.invoices.dispute_ledger import ledger_csv
from portal.billing.invoices.dispute_text import dispute_text
from portal.billing.invoices.models import DisputeFile, VendorInvoiceLine
from portal.billing.invoices.refusals import NothingToDispute
from portal.billing.invoices.verbs import State, locked_line
from portal.tenancy.refusals import StaffOnly


@transaction.atomic
def dispute(line: VendorInvoiceLine, *, acting_user: Any) -> DisputeFile:
    """Make the file of a line that differs, which is disputed from then on. A later one is made beside it.

    Raises NothingToDispute, InvoiceWithdrawn, StaffOnly. In staff scope.
    """
    if not acting_user.is_staff:
        raise StaffOnly
    locked = locked_line(line)
    if not locked.disputable:
        raise NothingToDispute
    case = case_of(locked)
    text, ledger = dispute_text(case), ledger_csv(case)
    kept = DisputeFile.objects.create(
        line=locked,
        made_by=acting_user,
        text=text,
        text_digest=_digest(text),
        ledger=ledger,
        ledger_digest=_digest(ledger),
    )
    before, locked.state = locked.state, State.DISPUTED
    locked.save(update_fields=["state"])
    record(
        "staff.vendor_line_disputed",
        locked,
        before={"state": before},
        after={"state": locked.state, "digest": kept.text_digest, "ledger_digest": kept.ledger_digest},
        acting_user=acting_user,
    )
    return kept


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


# Suffix of the address: the field and the type.
PARTS = {"txt": ("text", "text/plain"), "csv": ("ledger", "text/csv")}


def download(kept: DisputeFile, part: str, *, acting_user: Any) -> HttpResponse:
    """One of PARTS, byte for byte as it was made, and on record that it was fetched."""
    field, content_type = PARTS[part]
    record("staff.dispute_file_downloaded", kept, after={"form": part}, acting_user=acting_user)
    name = getattr(kept, f"{field}_name")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(getattr(kept, field).encode(), content_type=f"{content_type}; charset=utf-8", headers=headers)
