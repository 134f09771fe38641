"""A trial of a script: its parameters, and what came back. Kept for a day."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection
from telephony.scripts.models import CallScript

KEPT = timedelta(days=1)


class ScriptTrial(TenantModel):
    """Somebody wants to see what a call would get; a worker asks, and changes nothing at the vendor.

    `hosted` is the call script that is tried, or `url` an address elsewhere. `answer` is what came back, at most as much
    as a script may have, `length` how many characters it had; `flaw` says why nothing came.
    """

    class Way(models.TextChoices):
        VENDOR = "vendor", _("The vendor tests it")
        HERE = "here", _("The portal fetches it")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    way = models.CharField(_("way"), max_length=6, choices=Way)
    hosted = TenantForeignKey(CallScript, null=True, related_name="+", verbose_name=_("call script"))
    url = SealedField(_("address"))
    parameters = models.JSONField(_("parameters"), default=dict)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    taken_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)
    answer = models.TextField(_("answer"), blank=True)
    length = models.PositiveIntegerField(_("characters"), default=0)
    flaw = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("trial of a script"), _("trials of scripts")
        indexes = [
            models.Index(fields=["tenant", "connection", "-id"], name="script_trial_list"),
            models.Index(fields=["asked_at"], name="script_trial_age"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
