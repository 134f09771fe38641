"""What is believed of a tenant's telephony: SIP accounts, the domain's external script, and how old that is.

Call scripts that the portal serves itself are in `telephony.scripts.models`.
"""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.operations.models import STUCK, status_about
from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.vendors.drifts import VendorDrift
from portal.vendors.mirrors import Mirror
from portal.vendors.models import SEALED_OF_CONNECTION, Connection
from telephony.scripts.models import CallScript, ScriptCase, ScriptVersion
from telephony.setup.models import SetupLink
from telephony.trials.models import ScriptTrial

__all__ = [
    "CallScript",
    "Drift",
    "ExternalScript",
    "MirrorState",
    "ScriptCase",
    "ScriptChange",
    "ScriptTrial",
    "ScriptVersion",
    "SetupLink",
    "SipAccount",
    "SipLevel",
]


class SipAccountQuerySet(models.QuerySet["SipAccount"]):
    def living(self) -> "SipAccountQuerySet":
        return self.filter(state__in=LIVING)

    def for_list(self) -> "SipAccountQuerySet":
        """With who asked; a list shows no password, so none is read."""
        return self.standing().select_related("requested_by").defer("password")

    def for_detail(self) -> "SipAccountQuerySet":
        return self.standing().select_related("requested_by", "connection__tenant").defer(*SEALED_OF_CONNECTION)

    def standing(self) -> "SipAccountQuerySet":
        """With how the latest operation stands."""
        return self.annotate(doing=status_about("telephony.sipaccount"))


class SipAccount(TenantModel):
    """What a telephone or an application signs in with. Ours from the click on; id and password come with the vendor's answer.

    `internal_…` is what others of the domain see of a caller, `external_…` what the telephone network sees. `fingerprint`
    tells without unsealing anything whether the vendor shows it as it did at the last reading.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        ACTIVE = "active", _("Active")
        DELETING = "deleting", _("Being deleted")
        DELETED = "deleted", _("Deleted")
        FAILED = "failed", _("Not created")

    class Registration(models.TextChoices):
        REGISTERED = "registered", _("Signed in")
        UNREGISTERED = "unregistered", _("Not signed in")
        UNTOLD = "", _("Not known")

    connection = TenantForeignKey(Connection, related_name="sip_accounts", verbose_name=_("connection"))
    username = models.CharField(_("username"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.REQUESTED)
    vendor_id = models.CharField(_("vendor's ID"), max_length=100, blank=True)
    password = SealedField(_("password"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    internal_name = models.CharField(_("internal caller ID name"), max_length=200, blank=True)
    internal_number = models.CharField(_("internal caller ID number"), max_length=40, blank=True)
    external_name = models.CharField(_("external caller ID name"), max_length=200, blank=True)
    external_number = models.CharField(_("external caller ID number"), max_length=40, blank=True)
    mwi_account = models.CharField(_("voicemail (MWI) account"), max_length=100, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    registration = models.CharField(
        _("telephone"), max_length=12, choices=Registration, default=Registration.UNTOLD, blank=True
    )
    domain = models.CharField(_("domain"), max_length=200, blank=True)
    status_read_at = models.DateTimeField(_("status read"), null=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    vendor_created_at = models.DateTimeField(_("created at the vendor"), null=True)
    vendor_updated_at = models.DateTimeField(_("updated at the vendor"), null=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True)

    objects = SipAccountQuerySet.as_manager()
    # As `standing` reads it.
    doing = ""

    class Meta:
        verbose_name, verbose_name_plural = _("SIP account"), _("SIP accounts")
        constraints = [
            # Letter by letter, as SIP compares them (RFC 3261, 19.1.4): at the vendor two may differ by case alone.
            models.UniqueConstraint(
                fields=["connection", "username"],
                condition=Q(state__in=["requested", "active", "deleting"]),
                name="living_sip_username_once",
            ),
            # Nobody asks for two that people would take for one.
            models.UniqueConstraint(
                "connection", Lower("username"), condition=Q(state="requested"), name="new_sip_username_once"
            ),
            models.UniqueConstraint(
                fields=["connection", "vendor_id"],
                condition=~Q(vendor_id="") & Q(state__in=["requested", "active", "deleting"]),
                name="living_sip_id_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="sip_by_tenant"),
            # The list's orders, over the connection that is looked at.
            models.Index(fields=["tenant", "connection", "-created_at", "-id"], name="sip_list"),
            models.Index(fields=["tenant", "connection", "username", "id"], name="sip_list_username"),
            models.Index(fields=["tenant", "connection", "name", "id"], name="sip_list_name"),
            models.Index(
                fields=["tenant", "connection", "-created_at", "-id"],
                condition=Q(state__in=["deleted", "failed"]),
                name="sip_list_ended",
            ),
            models.Index(fields=["state", "-id"], condition=~Q(state="active"), name="sip_by_state"),
            # Whose status was read the longest ago.
            models.Index(fields=["connection", "status_read_at"], condition=Q(state="active"), name="sip_status_due"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def lane(self) -> str:
        """What is serialised at the vendor: whatever is asked of one username; another one is no evidence for it."""
        return lane_of(self.username)

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        if self.on_its_way and self.doing in STUCK:
            return self.doing
        return {self.State.REQUESTED: "creating", self.State.FAILED: "not_created"}.get(
            self.State(self.state), self.state
        )

    @property
    def on_its_way(self) -> bool:
        return self.state in (self.State.REQUESTED, self.State.DELETING)


LIVING = [SipAccount.State.REQUESTED, SipAccount.State.ACTIVE, SipAccount.State.DELETING]


def lane_of(username: str) -> str:
    return f"sip:{username.lower()}"


class ExternalScript(TenantModel):
    """The one script of a connection's domain: the address at which the vendor fetches XML for each call.

    The vendor allows one for a domain. `url` is sealed, since who knows a hosted script's address can read it;
    `hosted` is the call script that is served there, None for an address elsewhere.
    """

    connection = TenantOneToOneField(Connection, related_name="external_script", verbose_name=_("connection"))
    vendor_id = models.CharField(_("vendor's ID"), max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    url = SealedField(_("address"))
    hosted = TenantForeignKey(CallScript, null=True, related_name="+", verbose_name=_("call script"))
    vendor_created_at = models.DateTimeField(_("created at the vendor"), null=True)
    vendor_updated_at = models.DateTimeField(_("updated at the vendor"), null=True)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name, verbose_name_plural = _("external script"), _("external scripts")

    def __str__(self) -> str:
        return self.name or self.vendor_id


class MirrorState(Mirror):
    """How old the mirror of a connection is, and whether it is being read just now."""

    connection = TenantOneToOneField(
        Connection, models.CASCADE, related_name="telephony_mirror", verbose_name=_("connection")
    )
    # Before then no status of an account is read (`telephony.statuses`).
    statuses_due_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("mirror state"), _("mirror states")
        indexes = [models.Index(fields=["due_at"], name="telephony_mirror_due")]

    def __str__(self) -> str:
        return f"{self.connection_id}"


class DriftQuerySet(models.QuerySet["Drift"]):
    def open(self) -> "DriftQuerySet":
        return self.filter(state=Drift.State.OPEN)


class Drift(VendorDrift):
    """An account that was made or removed at the vendor directly, for a person to adopt or to put right.

    `key` is the username, `vendor_id` which account it is there, `told` what the vendor shows of it, without its password.
    """

    class Kind(models.TextChoices):
        UNKNOWN_ACCOUNT = "unknown_account", _("A SIP account that was not made here")
        MISSING_ACCOUNT = "missing_account", _("A SIP account that the vendor no longer lists")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    key = models.CharField(_("username"), max_length=200)
    vendor_id = models.CharField(_("vendor's ID"), max_length=100)
    told = models.JSONField(_("the vendor says"), null=True)

    objects = DriftQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("difference"), _("differences")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "vendor_id", "key"], condition=Q(state="open"), name="one_open_sip_drift"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "connection", "-first_seen_at", "-id"], name="sip_drift_list"),
            # Few among all that were ever noted; support staff look for them.
            models.Index(fields=["-id"], condition=Q(kind="missing_account"), name="sip_drift_missing"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.key}"


# Whatever is asked about the one script of a connection's domain.
SCRIPT_LANE = "script"


class ScriptChange(TenantModel):
    """What somebody asked of a domain's external script: from now on this one, or (neither `hosted` nor `url`) none.

    The address stands here, sealed, and nowhere in the journal: that of a hosted script is built when it is sent.
    """

    connection = TenantForeignKey(Connection, related_name="+", verbose_name=_("connection"))
    hosted = TenantForeignKey(CallScript, null=True, related_name="+", verbose_name=_("call script"))
    url = SealedField(_("address"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked for by")
    )
    created_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("change of the external script"), _("changes of the external script")

    def __str__(self) -> str:
        return f"{self.pk}"


# No COALESCE: behind the wall PostgreSQL looks for that in no index.
EFFECTIVE_AT = Case(When(vendor_at__isnull=True, then=F("recorded_at")), default=F("vendor_at"))


class SipLevel(TenantModel):
    """The ledger that billing stands on: each change of how many SIP accounts the vendor has, with the level it led to.

    PostgreSQL writes it with the accounts themselves (migration 0006), and nobody changes it. It begins with what the first
    reading found. `vendor_at` is when the vendor made the account, where it told that; `recorded_at` is ours.
    """

    class Cause(models.TextChoices):
        OPENING = "opening", _("First reading")
        CREATED = "created", _("Created")
        DELETED = "deleted", _("Deleted")
        RECONCILE = "reconcile", _("Difference adopted")

    connection = TenantForeignKey(Connection, related_name="sip_levels", verbose_name=_("connection"))
    sequence = models.PositiveIntegerField(_("number"))
    quantity = models.IntegerField(_("change"))
    level = models.IntegerField(_("level"))
    cause = models.CharField(_("cause"), max_length=10, choices=Cause)
    account = TenantForeignKey(SipAccount, null=True, related_name="+", verbose_name=_("SIP account"))
    vendor_at = models.DateTimeField(_("by the vendor's clock"), null=True)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name, verbose_name_plural = _("level of SIP accounts"), _("levels of SIP accounts")
        ordering = ["connection", "sequence"]
        constraints = [models.UniqueConstraint(fields=["connection", "sequence"], name="sip_level_once")]
        indexes = [models.Index("tenant", EFFECTIVE_AT, name="sip_level_by_effect")]

    def __str__(self) -> str:
        return f"{self.quantity:+d} → {self.level}"
