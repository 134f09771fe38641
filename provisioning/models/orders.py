"""Products ordered up or down."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.operations.models import Operation, Status
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.vendors.models import SEALED_OF_CONNECTION, Connection


class OrderQuerySet(models.QuerySet["Order"]):
    def on_their_way(self) -> "OrderQuerySet":
        return self.filter(status__in=[Order.Status.REQUESTED, Order.Status.PENDING])

    def for_list(self) -> "OrderQuerySet":
        """With product, operation and who, and without sealed fields."""
        return self.select_related("product", "operation", "requested_by")

    def for_detail(self) -> "OrderQuerySet":
        return self.for_list().select_related("connection").defer(*SEALED_OF_CONNECTION)


class Order(TenantModel):
    """Products ordered up or down. Ours from the click on; the vendor's number comes with its answer."""

    class Type(models.TextChoices):
        INCREMENT = "increment", _("Increment")
        DECREMENT = "decrement", _("Decrement")

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        PENDING = "pending", _("Pending at the vendor")
        FULFILLED = "fulfilled", _("Fulfilled")
        REJECTED = "rejected", _("Rejected by the vendor")
        FAILED = "failed", _("Not placed")

    product = TenantForeignKey("Product", related_name="orders", verbose_name=_("product"))
    connection = TenantForeignKey(Connection, related_name="orders", verbose_name=_("connection"))
    type = models.CharField(_("type"), max_length=10, choices=Type)
    quantity = models.PositiveIntegerField(_("quantity"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.REQUESTED)
    number = models.CharField(_("order number"), max_length=80, blank=True)
    operation = TenantOneToOneField(Operation, null=True, related_name="order", verbose_name=_("operation"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("ordered by")
    )
    created_at = models.DateTimeField(_("ordered"), default=timezone.now, editable=False)
    vendor_created_at = models.DateTimeField(_("taken by the vendor"), null=True)
    fulfilled_at = models.DateTimeField(_("fulfilled"), null=True)
    seen_fulfilled_at = models.DateTimeField(_("seen fulfilled"), null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("order"), _("orders")
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], condition=~Q(number=""), name="order_number_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_quantity_positive"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="order_by_tenant"),
            # The list's orders, over the connection that is looked at.
            models.Index(fields=["tenant", "connection", "-created_at", "-id"], name="order_list"),
            models.Index(fields=["tenant", "connection", "number", "id"], name="order_list_number"),
            models.Index(fields=["tenant", "connection", "quantity", "id"], name="order_list_quantity"),
            models.Index(
                fields=["connection", "-created_at"],
                condition=Q(status__in=["requested", "pending"]),
                name="order_on_its_way",
            ),
            models.Index(
                fields=["product"], condition=Q(status__in=["requested", "pending"]), name="order_on_its_way_of_product"
            ),
            models.Index(fields=["status", "-id"], condition=~Q(status="fulfilled"), name="order_by_status"),
        ]

    def __str__(self) -> str:
        sign = "+" if self.type == self.Type.INCREMENT else "−"
        return f"{sign}{self.quantity} × {self.product}"

    @property
    def signed_quantity(self) -> int:
        return self.quantity if self.type == self.Type.INCREMENT else -self.quantity

    @property
    def condition(self) -> str:
        """One word for a badge; while it has not reached the vendor, how its operation is (see `portal.ui.statuses`)."""
        if self.status == self.Status.REQUESTED and self.operation and self.operation.status != Status.WAITING:
            return self.operation.status
        return "not_placed" if self.status == self.Status.FAILED else self.status

    @property
    def on_its_way(self) -> bool:
        return self.status in (self.Status.REQUESTED, self.Status.PENDING)

    @property
    def cancellable(self) -> bool:
        """It has not left: nothing at the vendor would have to be undone."""
        return bool(self.status == self.Status.REQUESTED and self.operation and self.operation.cancellable)

    @property
    def waited(self) -> timedelta:
        """How long it has been under way."""
        return timezone.now() - self.created_at

    @property
    def overdue(self) -> bool:
        """Pending at the vendor for so long that a person should ask there (ORDER_PATIENCE_SECONDS)."""
        return self.status == self.Status.PENDING and self.waited.total_seconds() > settings.ORDER_PATIENCE_SECONDS
