"""What moved the inventory, what each month came to by it, and how many products were in use."""

from datetime import datetime

from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey

# The vendor's time, else ours. No COALESCE: behind the wall PostgreSQL looks for that in no index.
EFFECTIVE_AT = Case(When(vendor_at__isnull=True, then=F("recorded_at")), default=F("vendor_at"))


class InventoryChangeQuerySet(models.QuerySet["InventoryChange"]):
    def since(self, start: datetime) -> "InventoryChangeQuerySet":
        """Those that took effect at `start` or later, in the order of their effect: `effective_at`, the vendor's time first."""
        return (
            self.annotate(effective_at=EFFECTIVE_AT)
            .filter(effective_at__gte=start)
            .order_by("effective_at", "sequence")
        )


class InventoryChange(TenantModel):
    """The ledger that billing stands on: each change of the inventory with the level it led to. Append-only.

    `vendor_at` is the vendor's time of the change where it told one; `recorded_at` is ours.
    """

    class Cause(models.TextChoices):
        OPENING = "opening", _("Opening level")
        ORDER = "order", _("Order")
        RECONCILE = "reconcile", _("Adopted difference")

    product = TenantForeignKey("Product", related_name="changes", verbose_name=_("product"))
    sequence = models.PositiveIntegerField(_("number"))
    quantity = models.IntegerField(_("change"))
    level = models.IntegerField(_("level"))
    cause = models.CharField(_("cause"), max_length=10, choices=Cause)
    order = TenantForeignKey("Order", null=True, related_name="changes", verbose_name=_("order"))
    vendor_at = models.DateTimeField(_("vendor's time"), null=True)
    recorded_at = models.DateTimeField(_("recorded"))

    objects = InventoryChangeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("inventory change"), _("inventory changes")
        ordering = ["product", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["product", "sequence"], name="change_number_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(order__isnull=False), name="order_counts_once"),
        ]
        indexes = [
            # Of the tenant first: the wall asks for it, and PostgreSQL would rather read all of a tenant than one product.
            models.Index("tenant", "product", EFFECTIVE_AT, name="change_of_product"),
            models.Index(fields=["-id"], condition=~Q(cause="order"), name="change_without_order"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+d} → {self.level}"


class MonthPeak(TenantModel):
    """What the ledger came to in one month of a product. PostgreSQL keeps it whenever the ledger is written, nobody else may.

    `month` is its first day on the calendar of `BILLING_ZONE`. A month without changes has no row: it is as the latest row
    before it closed. `opening` None: the ledger began in this month, what was before is not known. `peak_at` and
    `peak_change` are the first that reached the peak, None where the month opened with it.
    """

    product = TenantForeignKey("Product", db_index=False, related_name="month_peaks", verbose_name=_("product"))
    month = models.DateField(_("month"))
    opening = models.IntegerField(_("opening level"), null=True)
    closing = models.IntegerField(_("closing level"))
    peak = models.IntegerField(_("peak"))
    peak_at = models.DateTimeField(_("peak reached"), null=True)
    # No index: a row is changed in its place as long as none of its indexed columns changes.
    peak_change = TenantForeignKey(
        InventoryChange, null=True, db_index=False, related_name="+", verbose_name=_("change that reached the peak")
    )
    changes = models.PositiveIntegerField(_("changes"))
    last_at = models.DateTimeField(_("last change"))

    class Meta:
        verbose_name, verbose_name_plural = _("month's peak"), _("months' peaks")
        ordering = ["product", "month"]
        constraints = [models.UniqueConstraint(fields=["product", "month"], name="month_peak_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.peak}"


class UseChange(TenantModel):
    """So many of a product's stock were in use from `at` on. Append-only; PostgreSQL adds one whenever the inventory's number
    changes. `at` is when the vendor was read, or when its answer to us implied it. What was before the first is not known.
    """

    product = TenantForeignKey("Product", db_index=False, related_name="use_changes", verbose_name=_("product"))
    at = models.DateTimeField(_("from"))
    in_use = models.IntegerField(_("in use"))

    class Meta:
        verbose_name, verbose_name_plural = _("change of use"), _("changes of use")
        ordering = ["product", "at", "pk"]
        indexes = [models.Index(fields=["tenant", "product", "at", "id"], name="use_of_product")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.in_use}"
