"""What staff can do with a vendor's invoice: enter it, check it again, withdraw it, settle a line. All in staff scope."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.trail import record
from portal.billing.invoices.checking import FOUND, check, line_of, missing_lines
from portal.billing.invoices.models import VendorInvoice, VendorInvoiceLine
from portal.billing.invoices.placing import meanings
from portal.billing.invoices.refusals import AlreadyEntered, DecidedAlready, InvoiceWithdrawn
from portal.billing.invoices.table import Told
from portal.tenancy.refusals import ReasonMissing, StaffOnly

State = VendorInvoiceLine.State
BATCH = 500


@transaction.atomic
def enter_invoice(
    vendor: str,
    number: str,
    month: date,
    lines: Sequence[Told],
    *,
    complete: bool = False,
    file_name: str = "",
    file_digest: str = "",
    acting_user: Any,
) -> VendorInvoice:
    """Keep an invoice about the month that begins on `month`, checked. `complete`: what is not on it is missing.

    Raises AlreadyEntered, BadLines (nothing is kept then), StaffOnly.
    """
    _require_staff(acting_user)
    _refuse_second(vendor, number)
    meant = meanings(vendor, lines)
    invoice = _keep(
        VendorInvoice(
            vendor=vendor,
            number=number,
            month=month,
            complete=complete,
            line_count=len(lines),
            amount=sum((line.amount for line in lines), Decimal(0)),
            file_name=file_name,
            file_digest=file_digest,
            entered_by=acting_user,
            checked_at=timezone.now(),
        )
    )
    rows = [line_of(invoice, told, means) for told, means in zip(lines, meant, strict=True)]
    rows += missing_lines(invoice, rows) if complete else []
    check(invoice, rows)
    VendorInvoiceLine.objects.bulk_create(rows, batch_size=BATCH)
    record(
        "staff.vendor_invoice_entered",
        invoice,
        after={
            "vendor": vendor,
            "number": number,
            "month": f"{month:%Y-%m}",
            "lines": len(lines),
            "amount": str(invoice.amount),
            "digest": file_digest,
        },
        acting_user=acting_user,
    )
    return invoice


def _require_staff(person: Any) -> None:
    if not person.is_staff:
        raise StaffOnly


def _refuse_second(vendor: str, number: str) -> None:
    first = VendorInvoice.objects.filter(vendor=vendor, number__iexact=number, withdrawn_at=None).first()
    if first:
        raise AlreadyEntered(first)


def _keep(invoice: VendorInvoice) -> VendorInvoice:
    """Two people may enter the same one at once: the database lets one of them."""
    try:
        with transaction.atomic():
            invoice.save()
    except IntegrityError:
        _refuse_second(invoice.vendor, invoice.number)
        raise
    return invoice


@transaction.atomic
def check_again(invoice: VendorInvoice, *, acting_user: Any) -> int:
    """Check what is neither disputed nor settled against what is known now. Returns how many lines changed.

    Raises InvoiceWithdrawn, StaffOnly.
    """
    _require_staff(acting_user)
    locked = _locked(invoice)
    lines = list(locked.lines.filter(state__in=[State.OPEN, State.MATCHED]).select_for_update().order_by("position"))
    before = [_found(line) for line in lines]
    check(locked, lines)
    changed = [line for line, was in zip(lines, before, strict=True) if _found(line) != was]
    VendorInvoiceLine.objects.bulk_update(changed, FOUND, batch_size=BATCH)
    VendorInvoice.objects.filter(pk=locked.pk).update(checked_at=timezone.now())
    record("staff.vendor_invoice_checked", locked, after={"lines": len(changed)}, acting_user=acting_user)
    return len(changed)


def _found(line: VendorInvoiceLine) -> list[Any]:
    return [getattr(line, name) for name in FOUND]


@transaction.atomic
def withdraw(invoice: VendorInvoice, *, reason: str, acting_user: Any) -> None:
    """An invoice that was entered wrongly counts no more; its number may be entered anew. Nothing of it is deleted.

    Raises ReasonMissing, InvoiceWithdrawn, StaffOnly.
    """
    _require_staff(acting_user)
    if not reason:
        raise ReasonMissing
    locked = _locked(invoice)
    locked.withdrawn_at, locked.withdrawn_by, locked.withdrawn_reason = timezone.now(), acting_user, reason
    locked.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    record("staff.vendor_invoice_withdrawn", locked, reason=reason, acting_user=acting_user)


@transaction.atomic
def settle(line: VendorInvoiceLine, *, reason: str, credit_note: str = "", acting_user: Any) -> None:
    """It was sorted out with the vendor: how, and by which credit note.

    Raises ReasonMissing, DecidedAlready, InvoiceWithdrawn, StaffOnly.
    """
    _require_staff(acting_user)
    if not reason:
        raise ReasonMissing
    locked = locked_line(line)
    if not locked.decidable:
        raise DecidedAlready
    before = locked.state
    locked.state, locked.settled_at, locked.settled_by = State.SETTLED, timezone.now(), acting_user
    locked.settled_reason, locked.credit_note = reason, credit_note
    locked.save(update_fields=["state", "settled_at", "settled_by", "settled_reason", "credit_note"])
    record(
        "staff.vendor_line_settled",
        locked,
        before={"state": before},
        after={"state": locked.state, "credit_note": credit_note},
        reason=reason,
        acting_user=acting_user,
    )


def locked_line(line: VendorInvoiceLine) -> VendorInvoiceLine:
    """Held until the transaction ends, after its invoice. Raises InvoiceWithdrawn."""
    invoice = _locked(line.invoice)
    found = VendorInvoiceLine.objects.select_for_update().get(pk=line.pk)
    found.invoice = invoice
    return found


def _locked(invoice: VendorInvoice) -> VendorInvoice:
    found = VendorInvoice.objects.select_for_update().get(pk=invoice.pk)
    if found.withdrawn:
        raise InvoiceWithdrawn
    return found
