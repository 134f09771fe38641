"""The users of a tenant's application at the vendor."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.operations.models import STUCK, status_about
from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import SEALED_OF_CONNECTION, Connection


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
        return self.standing().select_related("product", "requested_by").defer("password")

    def for_detail(self) -> "SubscriberQuerySet":
        rows = self.standing().select_related("product", "requested_by", "connection__tenant")
        return rows.defer(*SEALED_OF_CONNECTION)

    def standing(self) -> "SubscriberQuerySet":
        """With how the latest operation stands."""
        return self.annotate(doing=status_about("provisioning.subscriber"))


class Subscriber(TenantModel):
    """A user of the tenant's application at the vendor; takes one product while it lives."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        ACTIVE = "active", _("Active")
        DELETING = "deleting", _("Being deleted")
        DELETED = "deleted", _("Deleted")
        FAILED = "failed", _("Not created")

    connection = TenantForeignKey(Connection, related_name="subscribers", verbose_name=_("connection"))
    product = TenantForeignKey("Product", related_name="subscribers", verbose_name=_("product"))
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
    # As `standing` reads it.
    doing = ""

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
        if self.on_its_way and self.doing in STUCK:
            return self.doing
        return {self.State.REQUESTED: "creating", self.State.FAILED: "not_created"}.get(
            self.State(self.state), self.state
        )

    @property
    def on_its_way(self) -> bool:
        return self.state in (self.State.REQUESTED, self.State.DELETING)


LIVING = [Subscriber.State.REQUESTED, Subscriber.State.ACTIVE, Subscriber.State.DELETING]
