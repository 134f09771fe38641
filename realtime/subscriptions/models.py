"""What the vendor was asked to tell, and where."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection
from realtime.grants.models import Grant


class Subscription(TenantModel):
    """A subscription to events, ours or a stray one of the vendor's list. Events come to an address that nobody can guess.

    `digest` is the SHA-256 of our callback address's secret, "" for a stray one, whose `callback_url` is kept instead.
    It cannot be changed, so another one takes its place (`replaces`), and the old one is cancelled once that stands.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        ACTIVE = "active", _("Active")
        CANCELLING = "cancelling", _("Being cancelled")
        GONE = "gone", _("Gone")
        FAILED = "failed", _("Not made")
        STRAY = "stray", _("Not ours")

    LIVE = [State.ASKED, State.ACTIVE, State.CANCELLING]

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    grant = TenantForeignKey(Grant, null=True, related_name="+", verbose_name=_("grant"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    vendor_id = models.CharField(_("vendor's ID"), max_length=64, blank=True)
    event_types = ArrayField(models.CharField(max_length=30), verbose_name=_("events"), default=list)
    agents = models.JSONField(_("agents"), default=list)
    mode = models.CharField(_("mode"), max_length=10, default="presence")
    digest = models.CharField(max_length=64, blank=True)
    callback_url = models.CharField(_("address"), max_length=500, blank=True)
    replaces = TenantForeignKey("Subscription", null=True, related_name="+", verbose_name=_("replaces"))
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen in the vendor's list"), null=True)
    last_event_at = models.DateTimeField(_("last event"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("event subscription"), _("event subscriptions")
        constraints = [
            models.UniqueConstraint(fields=["digest"], condition=~Q(digest=""), name="realtime_address_once"),
            models.UniqueConstraint(
                fields=["connection", "vendor_id"], condition=~Q(vendor_id=""), name="realtime_subscription_once"
            ),
        ]
        indexes = [models.Index(fields=["connection", "state"], name="realtime_subscription_state")]

    def __str__(self) -> str:
        return self.vendor_id or f"{self.pk}"

    @property
    def stray(self) -> bool:
        """Found in the vendor's list and not made here. Of ours the address is kept nowhere."""
        return bool(self.callback_url)
