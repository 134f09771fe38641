"""Notices: what happened that somebody should know of, whom it was told, and how each person wants to be told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.notices.registry import Kind, Mail, Words, kind_named
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.turns import Turns


class NoticeQuerySet(models.QuerySet["Notice"]):
    def open(self) -> "NoticeQuerySet":
        return self.filter(resolved_at=None)


class Notice(TenantModel):
    """One happening: its kind, and arguments for the words, which are found when somebody reads them.

    `key` tells happenings of a tenant apart; while one is open the same one is not told again.
    """

    kind = models.CharField(_("kind"), max_length=60)
    key = models.CharField(max_length=200)
    args = models.JSONField(default=dict)
    subject_type = models.CharField(max_length=80, blank=True)
    subject_id = models.BigIntegerField(null=True)
    needs_you = models.BooleanField(_("needs somebody"), default=False)
    happened_at = models.DateTimeField(_("happened"), default=timezone.now)
    resolved_at = models.DateTimeField(_("over since"), null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notice"), _("notices")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], condition=Q(resolved_at=None), name="one_open_notice")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "-id"], condition=Q(needs_you=True, resolved_at=None), name="notice_needs_you"
            ),
            models.Index(fields=["kind"], condition=Q(needs_you=True, resolved_at=None), name="notice_open_by_kind"),
            models.Index(fields=["happened_at"], name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def spec(self) -> Kind | None:
        return kind_named(self.kind)

    @property
    def words(self) -> Words:
        """In the language that is active."""
        return self.spec.words(self.args) if self.spec else Words(self.kind)

    @property
    def over(self) -> bool:
        return self.resolved_at is not None

    def url_in(self, slug: str) -> str:
        """The page that solves it; "" where none is known any more."""
        return self.spec.url(self, slug) if self.spec else ""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def in_portal(self, user_id: int | None) -> "DeliveryQuerySet":
        return self.filter(user_id=user_id, shown=True)

    def unread(self) -> "DeliveryQuerySet":
        return self.filter(read_at=None)

    def needing_somebody(self) -> "DeliveryQuerySet":
        return self.filter(notice__needs_you=True, notice__resolved_at=None)

    def to_be_mailed(self) -> "DeliveryQuerySet":
        return self.filter(mail=Delivery.State.WAITING)


class Delivery(Turns):
    """A notice as one person gets it: in the portal where `shown`, by mail as planned.

    `letter` names the mail that it went into, from the first attempt to send it on, so that a repeat is the same mail.
    """

    class State(models.TextChoices):
        NONE = "", _("No mail")
        WAITING = "waiting", _("To be mailed")
        SENT = "sent", _("Mailed")
        DROPPED = "dropped", _("No longer worth a mail")
        FAILED = "failed", _("Could not be mailed")

    notice = TenantForeignKey(Notice, models.CASCADE, related_name="deliveries", verbose_name=_("notice"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    shown = models.BooleanField(_("in the portal"), default=True)
    read_at = models.DateTimeField(_("read, or over"), null=True)
    plan = models.CharField(_("by mail"), max_length=8, choices=Mail, default=Mail.NEVER)
    mail = models.CharField(_("mail"), max_length=8, choices=State, blank=True)
    letter = models.UUIDField(null=True, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    mailed_at = models.DateTimeField(_("mailed"), null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        constraints = [models.UniqueConstraint(fields=["notice", "user"], name="delivered_once")]
        indexes = [
            models.Index(fields=["tenant", "user", "-id"], condition=Q(shown=True), name="delivery_by_person"),
            models.Index(fields=["tenant", "user"], condition=Q(shown=True, read_at=None), name="delivery_unread"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} → {self.user_id}"

    @property
    def unread(self) -> bool:
        return self.read_at is None

    @property
    def mail_failed(self) -> bool:
        return self.mail == self.State.FAILED


class Preference(TenantModel):
    """What a person chose for one kind of notice in one company; without a row the kind's own way holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=60)
    portal = models.BooleanField(_("in the portal"), default=True)
    mail = models.CharField(_("by mail"), max_length=8, choices=Mail, default=Mail.NEVER)

    class Meta:
        verbose_name, verbose_name_plural = _("preference"), _("preferences")
        constraints = [models.UniqueConstraint(fields=["tenant", "user", "kind"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"
