"""Events as they came."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection


class Event(TenantModel):
    """One post of the vendor, stored before it is read. `key` is the event's own id, or the digest of a body without one.

    Nothing is signed: what is told is believed of calls alone, never of money or of who may do what.
    """

    class Outcome(models.TextChoices):
        NEW = "", _("Not read yet")
        APPLIED = "applied", _("Followed")
        UNKNOWN_TYPE = "unknown_type", _("Of a type that is not known")
        NO_LEG = "no_leg", _("Of no call that is known")
        NOT_UNDERSTOOD = "not_understood", _("Not understood")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    subscription_id = models.BigIntegerField(_("subscription"))
    key = models.CharField(_("event"), max_length=80)
    body = models.BinaryField()
    event_type = models.CharField(_("type"), max_length=40, blank=True)
    told_at = models.DateTimeField(_("the vendor's time"), null=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    handled_at = models.DateTimeField(_("read"), null=True)
    outcome = models.CharField(_("outcome"), max_length=14, choices=Outcome, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="realtime_event_once")]
        indexes = [
            models.Index(fields=["connection", "id"], condition=Q(handled_at=None), name="realtime_event_new"),
            models.Index(fields=["received_at"], name="realtime_event_by_time"),
            models.Index(fields=["tenant", "-received_at", "-id"], name="realtime_event_list"),
        ]

    def __str__(self) -> str:
        return self.event_type or self.key
