"""What staff fills in about vendors' invoices: a file of lines, one line typed, and why something is decided."""

from datetime import date
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.billing.invoices.placing import vendors_that_charge
from portal.billing.invoices.refusals import BadLines
from portal.billing.invoices.table import LONGEST_NAME, Told, told_in
from portal.billing.staff_forms import months_over
from portal.bulk.files import MOST_BYTES, NotATable
from portal.ui.forms import FORBIDDEN, CleanText
from portal.vendors.registry import vendors

LONGEST_FILE_NAME = 120
BEFORE_VAT = _("Amounts are in EUR and without VAT.")


def vendor_choices() -> list[tuple[str, Any]]:
    known = vendors_that_charge()
    return [(vendor.key, vendor.label) for vendor in vendors() if vendor.key in known]


class InvoiceForm(CleanText, forms.Form):
    """What both ways of entering an invoice ask for. A valid one has `lines` and `about_file`."""

    vendor = forms.ChoiceField(label=_("Vendor"), choices=vendor_choices)
    number = forms.CharField(label=_("Invoice number"), max_length=80)
    month = forms.ChoiceField(label=_("Month"), choices=months_over)
    lines: list[Told]
    about_file: dict[str, str]

    def clean_month(self) -> date:
        return date.fromisoformat(self.cleaned_data["month"])


class FileForm(InvoiceForm):
    file = forms.FileField(
        label=_("File"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
        help_text=_(
            "CSV, or the first sheet of an XLSX file without formulas. The first line names the columns: account, product,"
            " count, amount, and where there are any unit price, month, currency. At most 1,000 lines and 5 MB."
            " Amounts are in EUR and without VAT."
        ),
        error_messages={"empty": _("The file is empty.")},
    )
    complete = forms.BooleanField(
        label=_("This is all that the vendor charges for the month"),
        required=False,
        help_text=_("Then what was counted and is on no invoice of the month is listed as well."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file, month = cleaned.get("file"), cleaned.get("month")
        if file and month:
            raw = file.read(MOST_BYTES + 1)
            try:
                self.lines = told_in(raw, month)
            except NotATable as refusal:
                self.add_error("file", str(refusal))
            except BadLines as refusal:
                self.add_error("file", ValidationError(refusal.sentences()))
            self.about_file = {"file_name": _name_of(file), "file_digest": sha256(raw).hexdigest()}
        return cleaned


def _name_of(file: Any) -> str:
    return FORBIDDEN.sub("", PurePath(str(file.name)).name)[-LONGEST_FILE_NAME:]


class LineForm(InvoiceForm):
    account = forms.CharField(
        label=_("Account"),
        max_length=LONGEST_NAME,
        help_text=_("As the vendor writes it: the client ID; or the company's address and the connection: acme/Video."),
    )
    product = forms.CharField(label=_("Product"), max_length=LONGEST_NAME)
    count = forms.IntegerField(label=_("Count"), min_value=0, max_value=10**9)
    unit_price = forms.DecimalField(
        label=_("Price of one (EUR)"), min_value=0, max_digits=12, decimal_places=4, required=False
    )
    amount = forms.DecimalField(
        label=_("Amount (EUR)"), min_value=0, max_digits=12, decimal_places=2, help_text=BEFORE_VAT
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            known = {name: cleaned[name] for name in ("account", "product", "count", "unit_price", "amount")}
            self.lines = [Told(position=1, written={}, **known)]
            self.about_file = {}
        return cleaned


class ReasonForm(CleanText, forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3, "cols": 60}))


class SettleForm(ReasonForm):
    reason = forms.CharField(
        label=_("How it was settled"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3, "cols": 60})
    )
    credit_note = forms.CharField(label=_("Number of the credit note"), max_length=80, required=False)
    field_order = ["credit_note", "reason"]
