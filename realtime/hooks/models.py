"""Telling a company's other systems what happens: addresses, and each thing told."""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey

GIVE_UP_AFTER = timedelta(days=3)


def in_three_days() -> datetime:
    return timezone.now() + GIVE_UP_AFTER


class Endpoint(TenantModel):
    """An address of the company that is told chosen events, signed (Standard Webhooks).

    For a while after a new secret was made, what is told is signed with `previous_secret`, too.
    """

    name = models.CharField(_("name"), max_length=80)
    url = models.URLField(_("address"), max_length=500)
    secret = SealedField(_("secret"))
    previous_secret = SealedField(_("previous secret"))
    previous_until = models.DateTimeField(_("previous secret until"), null=True, editable=False)
    events = ArrayField(models.CharField(max_length=40), verbose_name=_("events"), default=list)
    enabled = models.BooleanField(_("enabled"), default=True)
    # Since when nothing got through; None while it does.
    failing_since = models.DateTimeField(_("failing since"), null=True)
    disabled_at = models.DateTimeField(_("disabled by itself"), null=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("outgoing webhook"), _("outgoing webhooks")
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="realtime_endpoint_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        if not self.enabled:
            return "disabled"
        return "failing" if self.failing_since else "active"


class Delivery(TenantModel):
    """One thing told to one address: tried for three days. `message_id` is the same at every try."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Taken")
        GIVEN_UP = "given_up", _("Given up")

    endpoint = TenantForeignKey(Endpoint, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    message_id = models.CharField(_("message"), max_length=60)
    event = models.CharField(_("event"), max_length=40)
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    status = models.PositiveIntegerField(_("last answer"), null=True)
    error = models.CharField(_("last error"), max_length=300, blank=True)
    due_at = models.DateTimeField(_("next try"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, editable=False)
    give_up_at = models.DateTimeField(_("given up after"), default=in_three_days)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        constraints = [models.UniqueConstraint(fields=["endpoint", "message_id"], name="realtime_delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="realtime_delivery_due"),
            models.Index(fields=["endpoint", "-id"], name="realtime_delivery_list"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="realtime_delivery_by_age"),
            models.Index(fields=["tenant", "message_id"], name="realtime_delivery_by_message"),
            models.Index(fields=["created_at"], name="realtime_delivery_old"),
            models.Index(fields=["endpoint"], condition=~Q(lease_until=None), name="realtime_delivery_leased"),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"delivery_{self.state}"
