"""Products that nobody needs, to be removed before their month ends."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.turns import Turns


class SizingPlanQuerySet(models.QuerySet["SizingPlan"]):
    def live(self) -> "SizingPlanQuerySet":
        """Those that stand for their month: nothing else is approved in it."""
        return self.exclude(state__in=SizingPlan.WITHOUT_EFFECT)

    def for_page(self) -> "SizingPlanQuerySet":
        return self.select_related("order__operation", "approved_by", "cancelled_by")


class SizingPlan(Turns):
    """Products that nobody needs, approved by a person to be removed shortly before their month ends.

    `quantity` is the most that may be removed; how many it is is reckoned again when the order is placed. From `opens_at`
    on the portal places it, not after `closes_at`. `why` says in a sentence why it has not been placed, or was in vain.
    `saved_eur` is what the following month costs less by it: None before that month, final when the state is done.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        PLACED = "placed", _("Ordered")
        SAVING = "saving", _("Saving")
        DONE = "done", _("Done")
        NOTHING = "nothing", _("Nothing removed")
        FAILED = "failed", _("Not carried out")
        CANCELLED = "cancelled", _("Cancelled")

    WITHOUT_EFFECT = [State.NOTHING, State.FAILED, State.CANCELLED]

    product = TenantForeignKey("Product", related_name="sizing_plans", verbose_name=_("product"))
    month_start = models.DateTimeField(_("month"))
    month_end = models.DateTimeField(_("month's end"))
    opens_at = models.DateTimeField(_("placed from"))
    closes_at = models.DateTimeField(_("placed until"))
    quantity = models.PositiveIntegerField(_("approved"))
    unit_price = models.DecimalField(_("price when approved (EUR)"), max_digits=10, decimal_places=4)
    form_key = models.UUIDField(editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), default=timezone.now, editable=False)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("cancelled by")
    )

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    why = models.JSONField(default=dict)
    order = TenantOneToOneField("Order", null=True, related_name="sizing_plan", verbose_name=_("order"))
    saved_eur = models.DecimalField(_("saved (EUR)"), max_digits=14, decimal_places=4, null=True)
    reckoned_at = models.DateTimeField(_("reckoned"), null=True)

    objects = SizingPlanQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("right-sizing"), _("right-sizings")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "month_start"],
                condition=~Q(state__in=["nothing", "failed", "cancelled"]),
                name="one_sizing_a_month",
            ),
            models.UniqueConstraint(fields=["tenant", "form_key"], name="sizing_form_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="sizing_quantity_positive"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="sizing_due"),
            models.Index(fields=["product", "-approved_at", "-id"], name="sizing_of_product"),
        ]

    def __str__(self) -> str:
        return f"−{self.quantity} × {self.product}"

    @property
    def reason(self) -> Sentence:
        return Sentence.from_json(self.why)

    @property
    def cancellable(self) -> bool:
        return self.state == self.State.PLANNED

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"sizing_{self.state}"

    @property
    def removed(self) -> int:
        """How many products were really ordered away; 0 before it was placed."""
        return self.order.quantity if self.order else 0
