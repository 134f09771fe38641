"""Invoices of vendors as they were entered, what checking each line found, and the files that disputed it. For staff alone."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import Tenant

STAFF = settings.AUTH_USER_MODEL


class VendorInvoice(models.Model):
    """What a vendor charges for a month. The database keeps what was entered as it is; a wrong one is withdrawn."""

    vendor = models.CharField(_("vendor"), max_length=20)
    number = models.CharField(_("invoice number"), max_length=80)
    # Its first day.
    month = models.DateField(_("month"))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    # Whether it is all that the vendor charges for the month, so that what is not on it is missing.
    complete = models.BooleanField(_("is all of the month"), default=False)
    line_count = models.PositiveIntegerField(_("lines"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    # Both "" where one line was typed.
    file_name = models.CharField(_("file"), max_length=120, blank=True)
    file_digest = models.CharField(_("SHA-256 of the file"), max_length=64, blank=True)
    entered_at = models.DateTimeField(_("entered"), default=timezone.now, editable=False)
    entered_by = models.ForeignKey(STAFF, models.PROTECT, related_name="+", verbose_name=_("entered by"))
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        STAFF, models.PROTECT, null=True, related_name="+", verbose_name=_("withdrawn by"), editable=False
    )
    withdrawn_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("vendor's invoice"), _("vendors' invoices")
        constraints = [
            models.UniqueConstraint(
                "vendor", Upper("number"), condition=Q(withdrawn_at=None), name="vendor_invoice_once"
            ),
        ]
        indexes = [models.Index(fields=["month", "vendor"], name="vendor_invoice_by_month")]

    def __str__(self) -> str:
        return self.number

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_at is not None


class VendorInvoiceLineQuerySet(models.QuerySet["VendorInvoiceLine"]):
    def standing(self) -> "VendorInvoiceLineQuerySet":
        """Of invoices that were not withdrawn."""
        return self.filter(invoice__withdrawn_at=None)

    def charging(self, invoice: VendorInvoice) -> "VendorInvoiceLineQuerySet":
        """Lines by which the vendor of `invoice` charges for its month, on any invoice that stands."""
        return self.standing().filter(invoice__vendor=invoice.vendor, invoice__month=invoice.month, on_invoice=True)


class VendorInvoiceLine(models.Model):
    """One line as the vendor wrote it, what it means here, and what checking it found.

    What the vendor wrote is kept by the database. A line that is not `on_invoice` stands for what was counted here and not
    charged there; it has no count and no amount.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        MATCHED = "matched", _("Matched")
        DISPUTED = "disputed", _("Disputed")
        SETTLED = "settled", _("Settled")

    class Outcome(models.TextChoices):
        MATCHES = "matches", _("Matches")
        UNPRICED = "unpriced", _("Count matches, amount not checked")
        COUNT = "count", _("Count differs")
        AMOUNT = "amount", _("Amount differs")
        BOTH = "both", _("Count and amount differ")
        UNDECIDED = "undecided", _("Cannot be decided yet")
        TWICE = "twice", _("Charged twice")
        NOT_INVOICED = "not_invoiced", _("Counted, not on the invoice")
        UNKNOWN_PRODUCT = "unknown_product", _("No such product is known")
        NO_LEDGER = "no_ledger", _("Nothing was counted in that month")

    invoice = models.ForeignKey(VendorInvoice, models.PROTECT, related_name="lines", verbose_name=_("invoice"))
    # Of the line in the file.
    position = models.PositiveIntegerField(_("line"))
    on_invoice = models.BooleanField(_("on the invoice"), default=True)
    # {heading: text}.
    written = models.JSONField(_("as the vendor wrote it"), default=dict)
    account = models.CharField(_("account"), max_length=200, blank=True)
    product = models.CharField(_("product on the invoice"), max_length=200, blank=True)
    count = models.BigIntegerField(_("charged"))
    unit_price = models.DecimalField(_("price of one"), max_digits=12, decimal_places=4, null=True)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)

    # Not `tenant`: rows that have one are open to it.
    company = models.ForeignKey(Tenant, models.PROTECT, null=True, related_name="+", verbose_name=_("company"))
    meter = models.CharField(_("meter"), max_length=40, blank=True)
    object_id = models.BigIntegerField(_("counted"), null=True)
    label = models.CharField(_("product"), max_length=254, blank=True)

    outcome = models.CharField(_("found"), max_length=16, choices=Outcome)
    # None where nothing is proven, or no cost price is known.
    proven = models.BigIntegerField(_("proven"), null=True)
    at_most = models.BigIntegerField(_("at most"), null=True)
    cost_price = models.DecimalField(_("cost price"), max_digits=12, decimal_places=4, null=True)
    expected = models.DecimalField(_("expected amount"), max_digits=14, decimal_places=2, null=True)
    statement = models.CharField(_("statement"), max_length=20, blank=True)
    zone = models.CharField(_("time zone"), max_length=60, blank=True)
    # [[code, {name: value}]], told by `portal.billing.invoices.wording`.
    explanations = models.JSONField(_("found"), default=list)

    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    settled_at = models.DateTimeField(_("settled"), null=True)
    settled_by = models.ForeignKey(STAFF, models.PROTECT, null=True, related_name="+", verbose_name=_("settled by"))
    settled_reason = models.TextField(_("reason"), blank=True)
    credit_note = models.CharField(_("credit note"), max_length=80, blank=True)

    objects = VendorInvoiceLineQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("line of a vendor's invoice"), _("lines of vendors' invoices")
        ordering = ["invoice", "position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="vendor_line_once")]
        indexes = [
            models.Index(fields=["state", "-id"], condition=~Q(state="matched"), name="vendor_line_by_state"),
            models.Index(fields=["outcome", "-id"], condition=~Q(outcome="matches"), name="vendor_line_by_outcome"),
            models.Index(fields=["meter", "object_id"], name="vendor_line_of_meter"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice}, {self.position}"

    @property
    def count_difference(self) -> int | None:
        """Charged more (or, negative, less) than is proven."""
        return None if self.proven is None else self.count - self.proven

    @property
    def amount_difference(self) -> Decimal | None:
        return None if self.expected is None else self.amount - self.expected

    @property
    def decidable(self) -> bool:
        """May it still be disputed or settled?"""
        return self.state in (self.State.OPEN, self.State.DISPUTED)

    @property
    def disputable(self) -> bool:
        """The vendor charges something, and it is not what is proven."""
        return self.decidable and self.on_invoice and self.outcome not in self.NOTHING_TO_DISPUTE

    NOTHING_TO_DISPUTE = [Outcome.MATCHES, Outcome.UNPRICED]


class DisputeFile(models.Model):
    """What was sent to the vendor about a line: a text, and the ledger as CSV, as they were made. Append-only."""

    line = models.ForeignKey(VendorInvoiceLine, models.PROTECT, related_name="disputes", verbose_name=_("line"))
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    made_by = models.ForeignKey(STAFF, models.PROTECT, related_name="+", verbose_name=_("made by"))
    text = models.TextField(_("text"))
    text_digest = models.CharField(_("SHA-256 of the text"), max_length=64)
    ledger = models.TextField(_("ledger"))
    ledger_digest = models.CharField(_("SHA-256 of the ledger"), max_length=64)

    class Meta:
        verbose_name, verbose_name_plural = _("dispute file"), _("dispute files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.made_at:%Y-%m-%d %H:%M}"

    @property
    def text_name(self) -> str:
        return f"dispute-{self.pk}.txt"

    @property
    def ledger_name(self) -> str:
        return f"dispute-{self.pk}-ledger.csv"
