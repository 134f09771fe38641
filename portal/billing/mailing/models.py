"""Whom statements are mailed to, and each mail: promised in the transaction of its cause, sent once."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.turns import Turns

MAY_READ_RUNS = "billing.view_closingrun"
FORMS = ("pdf", "xlsx", "csv", "json")


class BillingContactQuerySet(models.QuerySet["BillingContact"]):
    def standing(self) -> "BillingContactQuerySet":
        """Neither taken off the list nor withdrawn; confirmed or not."""
        return self.filter(state__in=STANDING)

    def mailable(self) -> "BillingContactQuerySet":
        return self.filter(state=BillingContact.State.CONFIRMED, active=True)


class BillingContact(TenantModel):
    """An address that statements are mailed to, once who reads it has confirmed so. Another address is another contact."""

    class State(models.TextChoices):
        ASKED = "asked", _("Not confirmed yet")
        CONFIRMED = "confirmed", _("Confirmed")
        WITHDRAWN = "withdrawn", _("Wants no statements any more")
        REMOVED = "removed", _("Removed")

    email = models.EmailField(_("e-mail address"), max_length=254)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    # Some of FORMS.
    forms = models.JSONField(_("files"), default=list)
    active = models.BooleanField(_("gets statements"), default=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.ASKED)
    # Of the secret in the latest link; "" once it was used.
    link_digest = models.CharField(max_length=64, blank=True, editable=False)
    link_expires_at = models.DateTimeField(null=True, editable=False)
    link_asked_at = models.DateTimeField(null=True, editable=False)
    link_mailed_at = models.DateTimeField(null=True, editable=False)
    links_asked = models.PositiveSmallIntegerField(default=0, editable=False)
    added_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", verbose_name=_("added by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)

    objects = BillingContactQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("billing contact"), _("billing contacts")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "email"], condition=Q(state__in=["asked", "confirmed"]), name="billing_contact_once"
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def confirmed(self) -> bool:
        return self.state == self.State.CONFIRMED

    @property
    def link_over(self) -> bool:
        return self.link_expires_at is None or self.link_expires_at <= timezone.now()

    @property
    def forms_said(self) -> str:
        return ", ".join(form.upper() for form in self.forms)


STANDING = [BillingContact.State.ASKED, BillingContact.State.CONFIRMED]


class Letter(models.Model):
    """A mail on its way: `name` is its Message-ID's, the same in every attempt. `why` tells what it came to, or waits for."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        UNKNOWN = "unknown", _("May have been sent")
        FAILED = "failed", _("Not sent")
        DROPPED = "dropped", _("No longer wanted")

    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    why = models.JSONField(default=dict)
    name = models.UUIDField(default=uuid4, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        abstract = True

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def reason(self) -> Sentence:
        return Sentence.from_json(self.why)

    @property
    def open(self) -> bool:
        return self.state in ON_THE_WAY


TONES = {
    Letter.State.WAITING.value: "neutral",
    Letter.State.SENDING.value: "info",
    Letter.State.SENT.value: "success",
    Letter.State.UNKNOWN.value: "warning",
    Letter.State.FAILED.value: "danger",
    Letter.State.DROPPED.value: "neutral",
}
ON_THE_WAY = [Letter.State.WAITING, Letter.State.SENDING]


class StatementMail(Letter, Turns):
    """One closed statement to one contact. `asked_by` None: by its closing."""

    statement = TenantForeignKey("billing.Statement", related_name="mails", verbose_name=_("statement"))
    contact = TenantForeignKey(BillingContact, related_name="mails", verbose_name=_("contact"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked for by")
    )
    # Forms that were too large to go with it.
    left_out = models.JSONField(default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("mailed statement"), _("mailed statements")
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "contact"],
                condition=Q(state__in=["waiting", "sending"]),
                name="statement_mail_once",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="statement_mail_list"),
            models.Index(fields=["due_at"], condition=~Q(due_at=None), name="statement_mail_due"),
        ]

    def __str__(self) -> str:
        return f"{self.statement} → {self.contact}"

    @property
    def left_out_said(self) -> str:
        return ", ".join(form.upper() for form in self.left_out)


class RunReader(models.Model):
    """Somebody of the staff who wants a mail when a month's end is over."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    since = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("reader of month-end runs"), _("readers of month-end runs")

    def __str__(self) -> str:
        return str(self.user)


class RunMail(Letter):
    """That a month-end run is over, to one of its readers. `counts` is how many companies came to what."""

    run = models.ForeignKey("billing.ClosingRun", models.CASCADE, related_name="mails", verbose_name=_("run"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    counts = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("mail about a run"), _("mails about runs")
        indexes = [models.Index(fields=["due_at"], condition=~Q(due_at=None), name="run_mail_due")]

    def __str__(self) -> str:
        return f"{self.run}: {self.user}"
