"""What is known of an SMS account, a company's rules for sending, and what it sends under which name and at which price.

All other models of messaging are in the packages of their subjects, and can be had from here.
"""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.bounds import (
    LONGEST_SENDER,
    LONGEST_TEXT,
    LONGEST_TEXT_IN_TEST,
    MOST_IN_A_CALL,
    MOST_RECIPIENTS,
    VALIDITY,
)
from messaging.campaigns.models import (
    BEFORE_LEAVING,
    LEFT,
    NEVER_LEFT,
    TOLD_ENDS,
    AudienceFile,
    Batch,
    Campaign,
    CampaignQuerySet,
    Message,
    MessageState,
    PartsSent,
    RejectedLine,
    Sending,
)
from messaging.inbound.models import Forward, InboundMessage, VirtualNumber
from messaging.people.models import Contact, Group, GroupMember, OptOut, Template
from messaging.reports.models import Report, SigningKey, UnverifiedReport
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.vendors.models import Connection

__all__ = [
    "BEFORE_LEAVING",
    "LEFT",
    "LONGEST_SENDER",
    "LONGEST_TEXT",
    "LONGEST_TEXT_IN_TEST",
    "MOST_IN_A_CALL",
    "MOST_RECIPIENTS",
    "NEVER_LEFT",
    "TOLD_ENDS",
    "VALIDITY",
    "AudienceFile",
    "Batch",
    "Campaign",
    "CampaignQuerySet",
    "Contact",
    "DaySum",
    "Destination",
    "Forward",
    "Group",
    "GroupMember",
    "InboundMessage",
    "Message",
    "MessageState",
    "OptOut",
    "PartsSent",
    "RejectedLine",
    "Report",
    "Sender",
    "Sending",
    "SigningKey",
    "SmsAccount",
    "SmsRules",
    "Template",
    "UnverifiedReport",
    "VirtualNumber",
]


class SmsAccount(TenantModel):
    """What the portal knows of a connection to the SMS API beside the connection itself.

    `key_level` is where the vendor keeps the signing keys of delivery reports: for the application, the team or all of the
    organization. `keys_url` is the base URL of the vendor's signing-key API.
    """

    class KeyLevel(models.TextChoices):
        APPLICATION = "applications", _("Application")
        TEAM = "teams", _("Team")
        ORGANIZATION = "organizations", _("Organization")

    connection = TenantOneToOneField(
        Connection, models.CASCADE, related_name="sms_account", verbose_name=_("connection")
    )
    # The vendor's demo takes shorter texts.
    test_mode = models.BooleanField(_("test mode"), default=False)
    wants_reports = models.BooleanField(_("delivery reports"), default=True)
    keys_url = models.URLField(_("address of the signing-key API"), max_length=300, blank=True)
    key_level = models.CharField(
        _("signing keys belong to"), max_length=13, choices=KeyLevel, default=KeyLevel.APPLICATION
    )
    keys_read_at = models.DateTimeField(_("signing keys last read"), null=True, editable=False)
    keys_asked_at = models.DateTimeField(null=True, editable=False)
    keys_due_at = models.DateTimeField(default=timezone.now, editable=False)
    keys_error = models.CharField(_("why signing keys could not be read"), max_length=300, blank=True, editable=False)
    last_report_at = models.DateTimeField(_("last delivery report"), null=True, editable=False)
    # Since when a connection that should be told something is told nothing.
    silent_since = models.DateTimeField(_("silent since"), null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("SMS account"), _("SMS accounts")

    def __str__(self) -> str:
        return str(self.connection)

    @property
    def longest_text(self) -> int:
        return LONGEST_TEXT_IN_TEST if self.test_mode else LONGEST_TEXT


class SmsRules(TenantModel):
    """A company's own rules for sending. Without a row the defaults hold.

    Quiet hours are local times of the tenant's zone, none where both are empty; they may span midnight.
    """

    countries = ArrayField(models.CharField(max_length=2), verbose_name=_("countries"), default=list, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    # A day is one of the tenant's zone. None: no bound.
    most_recipients_a_day = models.PositiveIntegerField(
        _("most recipients a day"), null=True, blank=True, default=10_000
    )
    most_eur_a_day = models.DecimalField(
        _("most money a day (EUR)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    second_person_above = models.PositiveIntegerField(
        _("a second person above so many recipients"), null=True, blank=True, default=1_000
    )
    canary_above = models.PositiveIntegerField(_("a first batch alone above so many recipients"), default=1_000)
    canary_size = models.PositiveIntegerField(
        _("size of the first batch"),
        default=50,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_IN_A_CALL)],
    )
    # Of the recipients that the vendor told an end of, from 50 of them on.
    stop_above_percent = models.PositiveIntegerField(
        _("stop above so many failures (%)"), default=30, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    keep_text_days = models.PositiveIntegerField(
        _("keep texts (days)"), default=90, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )

    class Meta:
        verbose_name, verbose_name_plural = _("rules for sending"), _("rules for sending")
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="sms_rules_once"),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="sms_quiet_hours_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(_("Rules for sending"))


class Sender(TenantModel):
    """A name that recipients see. A company asks for it, support allows it."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        ALLOWED = "allowed", _("Allowed")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    name = models.CharField(_("sender"), max_length=LONGEST_SENDER)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    why = models.CharField(_("reason"), max_length=300, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("sender"), _("senders")
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="sms_sender_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def in_use(self) -> bool:
        """Is there something to give up?"""
        return self.state in (self.State.ASKED, self.State.ALLOWED)

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"sender_{self.state}"


class Destination(TenantModel):
    """A country to which a connection sends: what the parts sent there are metered by. `unit_price` is in EUR for one part."""

    connection = TenantForeignKey(Connection, related_name="sms_destinations", verbose_name=_("connection"))
    country = models.CharField(_("country"), max_length=2)
    # As the contract has it now; None while nothing is agreed.
    unit_price = models.DecimalField(_("price of a part (EUR)"), max_digits=12, decimal_places=4, null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("destination"), _("destinations")
        constraints = [models.UniqueConstraint(fields=["connection", "country"], name="sms_destination_once")]

    def __str__(self) -> str:
        return self.country


class DaySum(TenantModel):
    """What a company has set aside on one of its days: held against its bounds by one conditional UPDATE."""

    day = models.DateField(_("day"))
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    eur = models.DecimalField(_("money (EUR)"), max_digits=12, decimal_places=2, default=Decimal(0))

    class Meta:
        verbose_name, verbose_name_plural = _("day's sum"), _("days' sums")
        constraints = [models.UniqueConstraint(fields=["tenant", "day"], name="sms_day_once")]

    def __str__(self) -> str:
        return f"{self.day}"
