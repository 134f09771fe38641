"""What can be ordered over a connection, and how many of it there are."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from portal.operations.models import Operation, Status
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.vendors.models import SEALED_OF_CONNECTION, Connection
from provisioning.models.drifts import Drift
from provisioning.models.ledger import InventoryChange
from provisioning.models.orders import Order
from provisioning.models.subscribers import Subscriber

VIDEO_PRODUCT = "KPN-VoiceVideo-C"


class ProductQuerySet(models.QuerySet["Product"]):
    def for_desk(self) -> "ProductQuerySet":
        """With connection, health, mirror and inventory, without sealed fields, and what is promised of the stock:
        `ledger_level`, `promised` (subscribers not made yet), `arriving` and `leaving` (by orders on their way).
        """
        orders, making = Order.objects.on_their_way(), Subscriber.objects.filter(state=Subscriber.State.REQUESTED)
        return (
            self.select_related("connection__health", "connection__mirror", "inventory")
            .defer(*SEALED_OF_CONNECTION, "connection__health__access_token")
            .annotate(
                ledger_level=Subquery(
                    InventoryChange.objects.filter(product=OuterRef("pk")).order_by("-sequence").values("level")[:1]
                ),
                promised=_counted(making),
                arriving=_summed(orders.filter(type=Order.Type.INCREMENT)),
                leaving=_summed(orders.filter(type=Order.Type.DECREMENT)),
            )
            .order_by("connection__name", "connection_id", "name")
        )

    def with_attention(self) -> "ProductQuerySet":
        """What wants a look: `our_subscribers`, `lost_credentials`, and of the connection `differences`, `stuck`, `unknown`."""
        stuck = Operation.objects.needing_a_person()
        return self.annotate(
            our_subscribers=_counted(Subscriber.objects.using_a_product()),
            lost_credentials=_counted(Subscriber.objects.without_credentials()),
            differences=_counted(Drift.objects.open(), of="connection"),
            stuck=_counted(stuck, of="connection"),
            unknown=_counted(Operation.objects.filter(status=Status.UNKNOWN), of="connection"),
        )


def _counted(rows: models.QuerySet, of: str = "product") -> Coalesce:
    """How many of `rows` belong to the product, or to its connection."""
    outer = OuterRef("pk") if of == "product" else OuterRef("connection_id")
    return Coalesce(Subquery(rows.filter(**{of: outer}).order_by().values(of).annotate(n=Count("pk")).values("n")), 0)


def _summed(orders: models.QuerySet) -> Coalesce:
    mine = orders.filter(product=OuterRef("pk")).order_by().values("product")
    return Coalesce(Subquery(mine.annotate(n=Sum("quantity")).values("n")), 0)


class Product(TenantModel):
    """What can be ordered over a connection, at which price, up to which agreed value of the inventory.

    Price and limit are what the tenant agreed with the vendor; the API tells neither.
    """

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="products", verbose_name=_("connection"))
    name = models.CharField(_("product"), max_length=80)
    unit_price = models.DecimalField(
        _("price per product and month (EUR)"),
        max_digits=10,
        decimal_places=4,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    limit_eur = models.DecimalField(
        _("agreed limit (EUR a month)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    # From where on the tenant's people want to be told; nothing is stopped by them.
    warn_free_below = models.PositiveIntegerField(_("tell when fewer products are free than"), null=True, blank=True)
    warn_peak_above = models.PositiveIntegerField(_("tell when the month's peak is above"), null=True, blank=True)
    warn_cost_above = models.DecimalField(
        _("tell when the month costs more than (EUR)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    warn_limit_percent = models.PositiveSmallIntegerField(
        _("tell when so much of the agreed limit is reached (%)"), null=True, blank=True
    )
    warn_pending_days = models.PositiveSmallIntegerField(
        _("tell when an order is on its way for more days than"), null=True, blank=True
    )
    # So many products stay free when those that nobody needs are removed; None: the portal proposes nothing.
    right_size_margin = models.PositiveIntegerField(_("products kept free by right-sizing"), null=True, blank=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("product"), _("products")
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="product_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def lane(self) -> str:
        """What is serialised at the vendor: everything that moves this product's counts."""
        return f"video:{self.name}"


class Inventory(TenantModel):
    """How many products there are and how many are free, as the vendor last said or as its answers since imply."""

    product = TenantOneToOneField(Product, models.CASCADE, related_name="inventory", verbose_name=_("product"))
    total = models.PositiveIntegerField(_("total"))
    available = models.PositiveIntegerField(_("available"))
    # Products used by subscribers that this portal does not know; the vendor cannot list them, a person accepted them.
    foreign_in_use = models.IntegerField(_("in use, made elsewhere"), default=0)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name, verbose_name_plural = _("inventory"), _("inventories")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.available}/{self.total}"

    @property
    def in_use(self) -> int:
        return self.total - self.available
