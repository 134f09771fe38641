"""Call-me-back: a form on a company's own site, and what visitors asked for."""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection
from realtime.calls.models import CallAction
from realtime.extensions.models import Extension


def new_public_id() -> str:
    return secrets.token_urlsafe(16)


class CallbackForm(TenantModel):
    """A form to embed. `origins` are the sites that may (https://shop.example), `countries` where visitors may be called.

    `hours` are opening hours by weekday from Monday, in the tenant's zone: a list of [from, until] as HH:MM for each day.
    `agent` is called first, then the visitor.
    """

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    name = models.CharField(_("name"), max_length=80)
    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    agent = TenantForeignKey(Extension, related_name="+", verbose_name=_("who calls back"))
    origins = ArrayField(models.CharField(max_length=200), verbose_name=_("sites"), default=list)
    countries = ArrayField(models.CharField(max_length=2), verbose_name=_("countries"), default=list, blank=True)
    hours = models.JSONField(_("opening hours"), default=list, blank=True)
    greeting = models.CharField(_("heading"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, default="nl")
    most_an_hour = models.PositiveIntegerField(_("most calls an hour"), default=20)
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("call-me-back form"), _("call-me-back forms")
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="realtime_callback_form_once")]

    def __str__(self) -> str:
        return self.name


class CallbackRequest(TenantModel):
    """A visitor who wanted to be called, and what became of it."""

    class State(models.TextChoices):
        ASKED = "asked", _("Being called")
        CALLED = "called", _("Called")
        FAILED = "failed", _("Not called")
        UNKNOWN = "unknown", _("Outcome unknown")
        STOPPED = "stopped", _("Stopped here")

    form = TenantForeignKey(CallbackForm, models.CASCADE, related_name="requests", verbose_name=_("form"))
    number = models.CharField(_("number"), max_length=16)
    name = models.CharField(_("name"), max_length=80, blank=True)
    origin = models.CharField(_("site"), max_length=200, blank=True)
    address_digest = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ASKED)
    action = TenantForeignKey(CallAction, null=True, related_name="+", verbose_name=_("call"))
    why = models.JSONField(default=dict)
    form_key = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("call-me-back request"), _("call-me-back requests")
        constraints = [
            models.UniqueConstraint(
                fields=["form", "form_key"], condition=models.Q(form_key__isnull=False), name="realtime_request_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="realtime_request_list"),
            models.Index(fields=["form", "number", "-created_at"], name="realtime_request_by_number"),
            models.Index(fields=["form", "-created_at"], name="realtime_request_by_age"),
            models.Index(fields=["id"], condition=models.Q(state="asked"), name="realtime_request_open"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"callback_{self.state}"

    @property
    def told_why(self) -> Sentence:
        """Why nobody was called; empty where that needs no words."""
        return Sentence.from_json(self.why)
