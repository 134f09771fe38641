"""What was agreed about money, and the statements that are closed: numbered, digested, never changed again."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.billing.months import BILLING_ZONE
from portal.tenancy.models import TenantModel, validate_time_zone
from portal.tenancy.wall import TenantForeignKey
from portal.turns import Turns


class ContractQuerySet(models.QuerySet["Contract"]):
    def of_meter(self, meter: str, object_id: int) -> "ContractQuerySet":
        return self.filter(meter=meter, object_id=object_id)

    def on(self, day: date) -> "ContractQuerySet":
        """In force on `day`."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=day), starts_on__lte=day)

    def between(self, first: date, until: date) -> "ContractQuerySet":
        """In force on any day from `first` until just before `until`, the earliest first."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=first), starts_on__lt=until).order_by("starts_on")


class Contract(TenantModel):
    """What one meter costs from a day on until just before another. Two of one meter never overlap: the database refuses it."""

    class PriceChange(models.TextChoices):
        """How a month is charged in which the terms change."""

        MONTH = "month", _("By the terms of the month's first day")
        PEAK = "peak", _("By the terms of the day the peak was first reached")
        DAYS = "days", _("By days")

    # `MeterKind.key` and the id of what is counted.
    meter = models.CharField(_("meter"), max_length=40)
    object_id = models.BigIntegerField(_("counted"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until just before"), null=True, blank=True)
    unit_price = models.DecimalField(
        _("price of one and a month (EUR)"),
        max_digits=12,
        decimal_places=4,
        validators=[MinValueValidator(Decimal(0))],
    )
    free_units = models.PositiveIntegerField(_("free of charge"), default=0)
    zone = models.CharField(_("time zone"), max_length=60, default=BILLING_ZONE.key, validators=[validate_time_zone])
    limit_eur = models.DecimalField(
        _("agreed limit (EUR a month)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    price_change = models.CharField(
        _("when terms change within a month"), max_length=8, choices=PriceChange, default=PriceChange.MONTH
    )
    agreed_at = models.DateTimeField(_("agreed"), default=timezone.now, editable=False)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("agreed by"),
    )
    # When the app that counts was told that these terms are in force.
    applied_at = models.DateTimeField(null=True, editable=False)

    objects = ContractQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("contract"), _("contracts")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gt=models.F("starts_on")), name="contract_not_empty"
            ),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="contract_price_not_negative"),
        ]
        indexes = [
            models.Index(fields=["tenant", "meter", "object_id", "starts_on"], name="contract_of_meter"),
            models.Index(fields=["starts_on"], condition=Q(applied_at=None), name="contract_to_apply"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} {self.object_id}, {self.starts_on}"

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class ContractCost(models.Model):
    """What the vendor charges for what a contract sells. In a table of its own, since only staff may see it."""

    contract = models.OneToOneField(Contract, models.CASCADE, related_name="cost", verbose_name=_("contract"))
    cost_price = models.DecimalField(
        _("cost price (EUR)"), max_digits=12, decimal_places=4, validators=[MinValueValidator(Decimal(0))]
    )

    class Meta:
        verbose_name, verbose_name_plural = _("cost price"), _("cost prices")

    def __str__(self) -> str:
        return str(self.cost_price)


class Statement(TenantModel):
    """A closed month of one tenant. The database refuses every change; `canonical` is what its `digest` is of."""

    # The tenant's first is 1, and none is left out.
    sequence = models.PositiveIntegerField(_("number"))
    # Its first day.
    month = models.DateField(_("month"))
    tenant_name = models.CharField(_("company"), max_length=120)
    tenant_slug = models.SlugField(_("company's address"), max_length=50, blank=True, db_index=False)
    zone = models.CharField(_("time zone"), max_length=60)
    currency = models.CharField(_("currency"), max_length=3)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2)
    vat_rate = models.DecimalField(_("VAT (%)"), max_digits=5, decimal_places=2)
    vat = models.DecimalField(_("VAT"), max_digits=14, decimal_places=2)
    gross = models.DecimalField(_("total"), max_digits=14, decimal_places=2)
    line_count = models.PositiveIntegerField(_("lines"))
    drawn_at = models.DateTimeField(_("drawn"))
    closed_at = models.DateTimeField(_("closed"))
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by")
    )
    closed_by_name = models.CharField(_("closed by"), max_length=254, blank=True)
    # Why it was closed although something stood in the way.
    reason = models.TextField(_("reason"), blank=True)
    previous_digest = models.CharField(_("digest of the one before"), max_length=64, blank=True)
    # A kind of `VatTerms`, with what it wants told.
    vat_kind = models.CharField(_("kind of VAT"), max_length=8, default="standard")
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    vat_ground = models.CharField(_("ground"), max_length=200, blank=True)
    # By which rules the canonical form was made; those from before there was a second one are of the first.
    form = models.PositiveSmallIntegerField(default=1)
    canonical = models.TextField(_("canonical form"))
    digest = models.CharField(_("SHA-256"), max_length=64)

    class Meta:
        verbose_name, verbose_name_plural = _("statement"), _("statements")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "month"], name="statement_month_once"),
            models.UniqueConstraint(fields=["tenant", "sequence"], name="statement_number_once"),
        ]
        indexes = [
            models.Index(fields=["month", "tenant"], name="statement_by_month"),
            models.Index(fields=["tenant", "-month", "-id"], name="statement_list"),
            models.Index(fields=["tenant", "gross", "id"], name="statement_list_gross"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """As people write it: the month's year, and the number that runs on through the years."""
        return f"{self.month.year}-{self.sequence:04d}"


class StatementLine(TenantModel):
    """One line of a statement; see `portal.billing.document.Line` and `portal.billing.meters.Reading` for the words."""

    class Kind(models.TextChoices):
        PEAK = "peak", _("Peak")
        SUM = "sum", _("Sum")
        CORRECTION = "correction", _("Correction")

    statement = TenantForeignKey(Statement, related_name="lines", verbose_name=_("statement"))
    position = models.PositiveIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    meter = models.CharField(_("meter"), max_length=40)
    object_id = models.BigIntegerField(_("counted"))
    label = models.CharField(_("what"), max_length=254)
    value = models.BigIntegerField(_("counted"))
    at_most = models.BigIntegerField(_("at most"))
    opening = models.BigIntegerField(_("at the beginning"))
    closing = models.BigIntegerField(_("at the end"))
    reached_at = models.DateTimeField(_("first reached"), null=True)
    by_vendors_clock = models.BooleanField(_("by the vendor's clock"))
    order = models.CharField(_("order"), max_length=120, blank=True)
    person = models.CharField(_("person"), max_length=254, blank=True)
    lasted = models.DurationField(_("held for"))
    days = models.PositiveIntegerField(_("days"))
    highest_use = models.BigIntegerField(_("most in use"), null=True)
    read_at = models.DateTimeField(_("vendor last asked"), null=True)
    # As in the canonical form: times the peak was reached, [moment, total, in use] of each step, and what was not settled.
    moments = models.JSONField(default=list)
    levels = models.JSONField(default=list)
    unsettled = models.JSONField(default=list)
    free_units = models.PositiveIntegerField(_("free of charge"))
    charged = models.BigIntegerField(_("charged"))
    unit_price = models.DecimalField(_("price of one"), max_digits=12, decimal_places=4)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    # [first day, days, charged, unit price] of each contract, where more than one was in force.
    prices = models.JSONField(default=list)
    # A key of `portal.billing.document.NOTES`.
    note = models.CharField(_("note"), max_length=20, blank=True)
    corrects = TenantForeignKey(Statement, null=True, related_name="corrected_by", verbose_name=_("corrects"))
    old_value = models.BigIntegerField(_("counted before"), null=True)
    old_amount = models.DecimalField(_("amount before"), max_digits=14, decimal_places=2, null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("line"), _("lines")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["statement", "position"], name="statement_line_once")]

    def __str__(self) -> str:
        return f"{self.position}: {self.label}"


class ClosingRun(models.Model):
    """The month's end over all tenants, started by the portal or by staff. What became of each stands in its steps."""

    month = models.DateField(_("month"))
    started_at = models.DateTimeField(_("started"), default=timezone.now, editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("started by"),
    )
    # When nothing waited any more; and how many companies came to what, as its readers were told last.
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    told = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("month-end run"), _("month-end runs")
        indexes = [models.Index(fields=["month"], name="closing_run_by_month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ClosingStep(Turns):
    """One tenant's part of a run: its open months up to the run's are closed, the earliest first."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Closed")
        NOTHING = "nothing", _("Nothing to close")
        BLOCKED = "blocked", _("Blocked")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey(ClosingRun, models.CASCADE, related_name="steps", verbose_name=_("run"))
    month = models.DateField(_("month"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    acting_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # What stood in the way, or went wrong; see `portal.billing.reasons`.
    reasons = models.JSONField(_("why"), default=list)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("part of a month-end run"), _("parts of month-end runs")
        constraints = [models.UniqueConstraint(fields=["run", "tenant"], name="closing_step_once")]
        indexes = [models.Index(fields=["due_at"], condition=~Q(due_at=None), name="closing_step_due")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.tenant}"


class VatTerms(TenantModel):
    """By what VAT a company's months are charged, from one on until other terms begin; without any by the portal's own rate."""

    class Kind(models.TextChoices):
        STANDARD = "standard", _("At a rate")
        REVERSE = "reverse", _("Reverse-charged")
        EXEMPT = "exempt", _("Exempt")

    # The first day of a month.
    starts_on = models.DateField(_("from"))
    kind = models.CharField(_("VAT"), max_length=8, choices=Kind, default=Kind.STANDARD)
    rate = models.DecimalField(
        _("VAT (%)"), max_digits=5, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(Decimal(0))]
    )
    # The customer's, where the tax is due from the customer.
    number = models.CharField(_("VAT number"), max_length=20, blank=True)
    # Of an exemption, as it stands on the statement.
    ground = models.CharField(_("ground"), max_length=200, blank=True)
    agreed_at = models.DateTimeField(_("agreed"), default=timezone.now, editable=False)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", verbose_name=_("agreed by")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("VAT of a company"), _("VAT of companies")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "starts_on"], name="vat_of_month_once"),
            models.CheckConstraint(condition=Q(starts_on__day=1), name="vat_from_first_day"),
            models.CheckConstraint(
                condition=Q(kind="standard", rate__gte=0, rate__lte=100)
                | Q(kind="reverse", rate=0) & ~Q(number="")
                | Q(kind="exempt", rate=0) & ~Q(ground=""),
                name="vat_with_its_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.starts_on:%Y-%m}"


from portal.billing.invoices.models import DisputeFile, VendorInvoice, VendorInvoiceLine  # noqa: E402, F401
from portal.billing.mailing.models import BillingContact, RunMail, RunReader, StatementMail  # noqa: E402, F401
