"""Delivery reports as they came, and the keys that prove who they came from."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection

LEVELS = {"applications": _("Application"), "teams": _("Team"), "organizations": _("Organization")}
# By the words that `messaging.reports.verifying` and the intake count.
REASONS = {
    "unsigned": _("not signed"),
    "wrong_signature": _("wrong signature"),
    "unknown_key": _("key not known"),
    "retired_key": _("key out of use"),
    "too_large": _("too large"),
}


class SigningKey(TenantModel):
    """A secret that the vendor signs reports with. Staged, active and retiring ones are believed.

    `level` is whose deliveries the vendor signs with it; the secret is "" while it is not known here. `asked` names what is
    being asked of the vendor (a kind of operation), "" for nothing.
    """

    class State(models.TextChoices):
        STAGED = "staged", _("Staged")
        ACTIVE = "active", _("Active")
        RETIRING = "retiring", _("Retiring")
        RETIRED = "retired", _("Retired")

    BELIEVED = [State.STAGED, State.ACTIVE, State.RETIRING]

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="sms_keys", verbose_name=_("connection"))
    level = models.CharField(_("belongs to"), max_length=13, default="applications")
    key_id = models.CharField(_("key ID"), max_length=128)
    secret = SealedField(_("secret"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.STAGED)
    asked = models.CharField(max_length=60, blank=True)
    vendor_created_at = models.DateTimeField(_("created at the vendor"), null=True)
    seen_at = models.DateTimeField(_("last seen in the vendor's list"), null=True)
    used_at = models.DateTimeField(_("last report signed with it"), null=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("signing key"), _("signing keys")
        constraints = [models.UniqueConstraint(fields=["connection", "key_id"], name="sms_key_once")]

    def __str__(self) -> str:
        return self.key_id

    @property
    def believed(self) -> bool:
        return self.state in self.BELIEVED

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"key_{self.state}"

    @property
    def level_label(self) -> str:
        return str(LEVELS.get(self.level, self.level))


class Report(TenantModel):
    """One signed post of the vendor as it came, stored before it is read. The same bytes over one connection are kept once.

    `sending_id` is whose address it came to (0 for none: an inbound message). `outcome` is how it was understood.
    """

    class Outcome(models.TextChoices):
        NEW = "", _("Not read yet")
        APPLIED = "applied", _("Followed")
        NOTHING_NEW = "nothing_new", _("Nothing new")
        NO_MESSAGE = "no_message", _("Belongs to no message that is known")
        NOT_UNDERSTOOD = "not_understood", _("Not understood")
        ELSEWHERE = "elsewhere", _("Belongs to another sending")
        INBOUND = "inbound", _("Inbound message")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="sms_reports", verbose_name=_("connection"))
    sending_id = models.BigIntegerField(_("sending"), default=0)
    digest = models.BinaryField(max_length=32)
    body = models.BinaryField()
    key_id = models.CharField(_("signed with"), max_length=128, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    handled_at = models.DateTimeField(_("read"), null=True)
    outcome = models.CharField(_("outcome"), max_length=14, choices=Outcome, blank=True)
    message_id = models.BigIntegerField(_("message"), null=True)
    status = models.CharField(_("status"), max_length=20, blank=True)
    code = models.CharField(_("code"), max_length=20, blank=True)
    # What it says beside what is known by name.
    more = models.JSONField(_("also said"), default=dict)

    class Meta:
        verbose_name, verbose_name_plural = _("delivery report"), _("delivery reports")
        constraints = [models.UniqueConstraint(fields=["connection", "digest"], name="sms_report_once")]
        indexes = [
            models.Index(fields=["connection", "id"], condition=Q(handled_at=None), name="sms_report_new"),
            models.Index(fields=["tenant", "message_id", "-id"], name="sms_report_of_message"),
            models.Index(fields=["received_at"], name="sms_report_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M:%S}"


class UnverifiedReport(TenantModel):
    """How often posts to a connection's addresses were refused, by day and reason; nothing of what they said is kept."""

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    day = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=20)
    count = models.PositiveIntegerField(_("count"), default=0)
    last_at = models.DateTimeField(_("last"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("refused post"), _("refused posts")
        constraints = [models.UniqueConstraint(fields=["connection", "day", "reason"], name="sms_unverified_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}"
