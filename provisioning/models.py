"""What is believed of a tenant's video products: orders, inventory, subscribers, and the ledger of inventory changes."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.operations.models import Operation, Status
from portal.sentences import Sentence
from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.turns import Turns
from portal.vendors.mirrors import Mirror
from portal.vendors.models import Connection

VIDEO_PRODUCT = "KPN-VoiceVideo-C"


class ProductQuerySet(models.QuerySet["Product"]):
    def for_desk(self) -> "ProductQuerySet":
        """With connection, health, mirror and inventory, without sealed fields, and what is promised of the stock:
        `ledger_level`, `promised` (subscribers not made yet), `arriving` and `leaving` (by orders on their way).
        """
        orders, making = Order.objects.on_their_way(), Subscriber.objects.filter(state=Subscriber.State.REQUESTED)
        return (
            self.select_related("connection__health", "connection__mirror", "inventory")
            .defer("connection__client_id", "connection__client_secret", "connection__health__access_token")
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


class OrderQuerySet(models.QuerySet["Order"]):
    def on_their_way(self) -> "OrderQuerySet":
        return self.filter(status__in=[Order.Status.REQUESTED, Order.Status.PENDING])

    def for_list(self) -> "OrderQuerySet":
        """With product, operation and who, and without sealed fields."""
        return self.select_related("product", "operation", "requested_by")

    def for_detail(self) -> "OrderQuerySet":
        return self.for_list().select_related("connection").defer("connection__client_id", "connection__client_secret")


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

    product = TenantForeignKey(Product, related_name="orders", verbose_name=_("product"))
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


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def using_a_product(self) -> "SubscriberQuerySet":
        return self.filter(state__in=[Subscriber.State.ACTIVE, Subscriber.State.DELETING])

    def living(self) -> "SubscriberQuerySet":
        return self.filter(state__in=LIVING)

    def without_credentials(self) -> "SubscriberQuerySet":
        """Active, but the vendor's answer with ID and password was lost."""
        return self.filter(state=Subscriber.State.ACTIVE, vendor_id="")

    def for_list(self) -> "SubscriberQuerySet":
        """With product and who; a list shows no password, so none is read."""
        return self.select_related("product", "requested_by").defer("password")

    def for_detail(self) -> "SubscriberQuerySet":
        return self.select_related("product", "requested_by", "connection__tenant").defer(
            "connection__client_id", "connection__client_secret"
        )


class Subscriber(TenantModel):
    """A user of the tenant's application at the vendor; takes one product while it lives."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        ACTIVE = "active", _("Active")
        DELETING = "deleting", _("Being deleted")
        DELETED = "deleted", _("Deleted")
        FAILED = "failed", _("Not created")

    connection = TenantForeignKey(Connection, related_name="subscribers", verbose_name=_("connection"))
    product = TenantForeignKey(Product, related_name="subscribers", verbose_name=_("product"))
    username = models.CharField(_("username"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.REQUESTED)
    vendor_id = models.CharField(_("subscriber ID"), max_length=100, blank=True)
    identity = models.CharField(_("identity"), max_length=200, blank=True)
    password = SealedField(_("password"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("requested"), default=timezone.now, editable=False)
    vendor_created_at = models.DateTimeField(_("created"), null=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("subscriber"), _("subscribers")
        constraints = [
            models.UniqueConstraint(
                "connection",
                Lower("username"),
                condition=Q(state__in=["requested", "active", "deleting"]),
                name="living_username_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="subscriber_by_tenant"),
            # The list's orders, over the connection that is looked at; those that live are few among all that ever were.
            models.Index(fields=["tenant", "connection", "-created_at", "-id"], name="subscriber_list"),
            models.Index(fields=["tenant", "connection", "username", "id"], name="subscriber_list_name"),
            models.Index(
                fields=["tenant", "connection", "-created_at", "-id"],
                condition=Q(state__in=["requested", "active", "deleting"]),
                name="subscriber_list_living",
            ),
            models.Index(
                fields=["tenant", "connection", "username", "id"],
                condition=Q(state__in=["requested", "active", "deleting"]),
                name="subscriber_list_living_name",
            ),
            # What a list that is narrowed shows is few among many.
            models.Index(
                fields=["tenant", "connection", "-created_at", "-id"],
                condition=Q(state__in=["deleted", "failed"]),
                name="subscriber_list_ended",
            ),
            models.Index(
                fields=["tenant", "connection", "-created_at", "-id"],
                condition=Q(ends_at__isnull=False, state__in=["requested", "active", "deleting"]),
                name="subscriber_list_temporary",
            ),
            models.Index(fields=["product"], condition=Q(state__in=["active", "deleting"]), name="subscriber_in_use"),
            models.Index(fields=["product"], condition=Q(state="requested"), name="subscriber_being_made"),
            models.Index(fields=["state", "-id"], condition=~Q(state="active"), name="subscriber_by_state"),
            models.Index(
                fields=["ends_at"], condition=Q(ends_at__isnull=False, state="active"), name="subscriber_ending"
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def temporary(self) -> bool:
        return self.ends_at is not None

    @property
    def credentials_lost(self) -> bool:
        """The vendor made it, but its answer with ID and password never reached us; the vendor cannot be asked again."""
        return self.state == self.State.ACTIVE and not self.vendor_id

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        if self.credentials_lost:
            return "credentials_lost"
        return {self.State.REQUESTED: "creating", self.State.FAILED: "not_created"}.get(
            self.State(self.state), self.state
        )

    @property
    def on_its_way(self) -> bool:
        return self.state in (self.State.REQUESTED, self.State.DELETING)


LIVING = [Subscriber.State.REQUESTED, Subscriber.State.ACTIVE, Subscriber.State.DELETING]


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

    product = TenantForeignKey(Product, related_name="changes", verbose_name=_("product"))
    sequence = models.PositiveIntegerField(_("number"))
    quantity = models.IntegerField(_("change"))
    level = models.IntegerField(_("level"))
    cause = models.CharField(_("cause"), max_length=10, choices=Cause)
    order = TenantForeignKey(Order, null=True, related_name="changes", verbose_name=_("order"))
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

    product = TenantForeignKey(Product, db_index=False, related_name="month_peaks", verbose_name=_("product"))
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

    product = TenantForeignKey(Product, db_index=False, related_name="use_changes", verbose_name=_("product"))
    at = models.DateTimeField(_("from"))
    in_use = models.IntegerField(_("in use"))

    class Meta:
        verbose_name, verbose_name_plural = _("change of use"), _("changes of use")
        ordering = ["product", "at", "pk"]
        indexes = [models.Index(fields=["tenant", "product", "at", "id"], name="use_of_product")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.in_use}"


class DriftQuerySet(models.QuerySet["Drift"]):
    def open(self) -> "DriftQuerySet":
        return self.filter(state=Drift.State.OPEN)

    def for_list(self) -> "DriftQuerySet":
        """With product and who decided."""
        return self.select_related("product", "decided_by")


class Drift(TenantModel):
    """A difference between what we believe and what the vendor says, for a person to adopt or repair."""

    class Kind(models.TextChoices):
        TOTAL = "total", _("Inventory total differs")
        IN_USE = "in_use", _("Products in use differ from our subscribers")
        UNKNOWN_ORDER = "unknown_order", _("An order that was not placed here")
        MISSING_ORDER = "missing_order", _("An order that the vendor no longer lists")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ADOPTED = "adopted", _("Adopted")
        REPAIRED = "repaired", _("Repaired")
        GONE = "gone", _("Went away")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    product = TenantForeignKey(Product, models.CASCADE, null=True, related_name="+", verbose_name=_("product"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    key = models.CharField(_("of what"), max_length=100, blank=True)
    ours = models.JSONField(_("we believe"), null=True)
    ours_at = models.DateTimeField(_("as of"))
    theirs = models.JSONField(_("the vendor says"), null=True)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.TextField(_("reason"), blank=True)

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

    product = TenantForeignKey(Product, related_name="sizing_plans", verbose_name=_("product"))
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
    order = TenantOneToOneField(Order, null=True, related_name="sizing_plan", verbose_name=_("order"))
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
