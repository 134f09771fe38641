"""What differs at the vendor, and how old the picture of it is."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.vendors.drifts import VendorDrift
from portal.vendors.mirrors import Mirror
from portal.vendors.models import Connection


class DriftQuerySet(models.QuerySet["Drift"]):
    def open(self) -> "DriftQuerySet":
        return self.filter(state=Drift.State.OPEN)

    def for_list(self) -> "DriftQuerySet":
        """With product and who decided."""
        return self.select_related("product", "decided_by")


class Drift(VendorDrift):
    """A difference between what we believe and what the vendor says, for a person to adopt or repair."""

    class Kind(models.TextChoices):
        TOTAL = "total", _("Inventory total differs")
        IN_USE = "in_use", _("Products in use differ from our subscribers")
        UNKNOWN_ORDER = "unknown_order", _("An order that was not placed here")
        MISSING_ORDER = "missing_order", _("An order that the vendor no longer lists")

    product = TenantForeignKey("Product", models.CASCADE, null=True, related_name="+", verbose_name=_("product"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    key = models.CharField(_("of what"), max_length=100, blank=True)
    ours = models.JSONField(_("we believe"), null=True)
    ours_at = models.DateTimeField(_("as of"))
    theirs = models.JSONField(_("the vendor says"), null=True)

    objects = DriftQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("difference"), _("differences")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "product", "kind", "key"],
                condition=Q(state="open"),
                nulls_distinct=False,
                name="one_open_drift",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-first_seen_at", "-id"], name="drift_by_tenant"),
            models.Index(fields=["tenant", "connection", "-first_seen_at", "-id"], name="drift_list"),
            models.Index(fields=["tenant", "connection", "-last_seen_at", "-id"], name="drift_list_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.key}"


class MirrorState(Mirror):
    """How old the mirror of a connection is, and whether it is being read just now."""

    connection = TenantOneToOneField(Connection, models.CASCADE, related_name="mirror", verbose_name=_("connection"))

    class Meta:
        verbose_name, verbose_name_plural = _("mirror state"), _("mirror states")
        indexes = [models.Index(fields=["due_at"], name="mirror_due")]

    def __str__(self) -> str:
        return f"{self.connection_id}"
