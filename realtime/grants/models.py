"""What people at the vendor allowed the portal to do, and the tokens that stand for it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence
from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection


class Consent(TenantModel):
    """One visit to the vendor's consent page under way: bound to session, tenant and person, good for one answer.

    `digest` is the SHA-256 of the `state` that the vendor gives back, `session_digest` of the session it began in.
    """

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    personal = models.BooleanField(_("for this person alone"))
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    digest = models.CharField(max_length=64, unique=True)
    session_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("begun"), default=timezone.now)
    used_at = models.DateTimeField(_("answered"), null=True)
    # Code and state as they came, until they are exchanged: JSON.
    answer = SealedField(_("answer"))
    exchange_sent_at = models.DateTimeField(null=True, editable=False)
    # What the vendor said instead of a code or of tokens: its error code, or one of ours; "" while there is none.
    error = models.CharField(_("error"), max_length=60, blank=True)
    done_at = models.DateTimeField(_("connected"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("consent under way"), _("consents under way")
        indexes = [
            models.Index(
                fields=["used_at"],
                condition=Q(used_at__isnull=False, done_at=None, error=""),
                name="realtime_consent_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.user}"

    @property
    def under_way(self) -> bool:
        """Answered, and not yet exchanged for tokens."""
        return self.used_at is not None and self.done_at is None and not self.error


class Grant(TenantModel):
    """An OAuth grant: of an admin for the company (`user` is None), or of one person for their own calls.

    Refreshing gives both tokens anew and kills all earlier ones: `generation` counts that. While `refresh_sent_at` stands, a
    refresh was sent and its answer is not stored; if it stays so, the grant is lost and somebody has to connect again.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        LOST = "lost", _("Connect again")
        ENDED = "ended", _("Ended")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="grants", verbose_name=_("connection"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.ACTIVE)
    why = models.JSONField(default=dict)
    access_token = SealedField(_("access token"))
    refresh_token = SealedField(_("refresh token"))
    generation = models.PositiveIntegerField(_("generation"), default=1, editable=False)
    access_issued_at = models.DateTimeField(_("access token since"), null=True, editable=False)
    access_expires_at = models.DateTimeField(_("access token ends"), null=True, editable=False)
    refresh_expires_at = models.DateTimeField(_("refresh token ends"), null=True, editable=False)
    refresh_due_at = models.DateTimeField(null=True, editable=False)
    renewing_until = models.DateTimeField(null=True, editable=False)
    renewer = models.UUIDField(null=True, editable=False)
    refresh_sent_at = models.DateTimeField(null=True, editable=False)
    refresh_failures = models.PositiveIntegerField(default=0, editable=False)
    # The generation of which one refresh had no answer and, as a look showed, no effect; another one may be sent once.
    doubted_generation = models.PositiveIntegerField(null=True, editable=False)
    granted_at = models.DateTimeField(_("granted"), default=timezone.now, editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("granted by")
    )
    lost_at = models.DateTimeField(_("lost"), null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("grant"), _("grants")
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(user=None) & ~Q(state="ended"), name="realtime_company_grant_once"
            ),
            models.UniqueConstraint(
                fields=["connection", "user"], condition=~Q(state="ended"), name="realtime_personal_grant_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "granted_at", "id"], name="realtime_grant_list"),
            models.Index(fields=["refresh_due_at"], condition=Q(state="active"), name="realtime_grant_due"),
            models.Index(fields=["refresh_sent_at"], condition=~Q(refresh_sent_at=None), name="realtime_refresh_sent"),
        ]

    def __str__(self) -> str:
        return str(self.user) if self.user_id else str(self.connection)

    @property
    def personal(self) -> bool:
        return self.user_id is not None

    @property
    def why_lost(self) -> Sentence:
        return Sentence.from_json(self.why)
