"""Connections to vendors, what is known of their health, and the log of every call made over them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField

if TYPE_CHECKING:
    from portal.vendors.registry import Vendor

# Of a connection that is read along with something else: what no page shows, and costs time to open.
SEALED_OF_CONNECTION = ("connection__client_id", "connection__client_secret")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def usable(self) -> "ConnectionQuerySet":
        """Those over which calls are made: enabled, and their tenant not suspended."""
        return self.filter(enabled=True, tenant__state="active")

    def with_health(self) -> "ConnectionQuerySet":
        return self.select_related("health")

    def with_notice(self) -> "ConnectionQuerySet":
        """Those whose vendor has announced the end of an API, or changed its version; `_notices.html` shows them."""
        changed = ~models.Q(health__previous_api_version="")
        return self.with_health().filter(~models.Q(health__sunset="") | changed)

    def for_home(self, shown: int) -> "ConnectionQuerySet":
        """By name: the first `shown`, the first `shown` `in_trouble` and the first `shown` of those `with_notice`.

        Without sealed fields.
        """
        kinds = (self, self.in_trouble(), self.with_notice())
        first, troubled, noticed = (models.Q(pk__in=rows.order_by("name", "pk").values("pk")[:shown]) for rows in kinds)
        rows = self.with_health().defer("client_id", "client_secret", "health__access_token")
        return rows.filter(first | troubled | noticed).order_by("name", "pk")

    def in_trouble(self) -> "ConnectionQuerySet":
        """Those that do not work, or soon will not: switched off, failing, or with credentials that end within a month."""
        ends = models.Q(credentials_end_on__lte=timezone.now().date() + timedelta(days=31))
        return self.filter(models.Q(enabled=False) | ~models.Q(health__trouble="") | ends)


class Connection(TenantModel):
    """A tenant's account with a vendor: where it is, and the credentials that open it."""

    class Environment(models.TextChoices):
        PRODUCTION = "production", _("Production")
        TEST = "test", _("Test")

    vendor = models.CharField(_("vendor"), max_length=20)
    name = models.CharField(_("name"), max_length=80)
    base_url = models.URLField(_("base URL"), max_length=300)
    token_url = models.URLField(_("token URL"), max_length=300)
    environment = models.CharField(_("environment"), max_length=12, choices=Environment, default=Environment.PRODUCTION)
    enabled = models.BooleanField(_("enabled"), default=True)
    client_id = SealedField(_("client ID"))
    client_secret = SealedField(_("client secret"))
    credentials_end_on = models.DateField(_("credentials end on"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    form_key = models.UUIDField(null=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("connection"), _("connections")
        ordering = ["name"]
        indexes = [models.Index(fields=["tenant", "name", "id"], name="connection_list")]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "vendor", "name"], name="connection_name_once"),
            models.UniqueConstraint(
                fields=["tenant", "form_key"],
                condition=models.Q(form_key__isnull=False),
                name="connection_form_key_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def spec(self) -> "Vendor":
        from portal.vendors.registry import vendor

        return vendor(self.vendor)

    @property
    def condition(self) -> str:
        """One word for a badge: disabled, or how its health is."""
        return self.health.condition if self.enabled else "disabled"


class ConnectionState(TenantModel):
    """What the portal knows of a connection by using it: its token, its quota, its last success and its trouble.

    Written often; kept apart from the connection, which people write seldom.
    """

    class Trouble(models.TextChoices):
        NONE = "", _("None")
        CREDENTIALS = "credentials", _("The vendor refuses the credentials")
        QUOTA = "quota", _("The quota is used up")
        UNREACHABLE = "unreachable", _("The vendor cannot be reached")
        PROTOCOL = "protocol", _("The vendor answers in an unknown form")

    class Finding(models.TextChoices):
        """What a test of the connection found; `portal.vendors.explanations` has the words for people."""

        WELL = "well", _("Works")
        NAME = "name", _("Name does not resolve")
        PRIVATE = "private", _("Private network")
        REFUSED = "refused", _("Connection refused")
        NETWORK = "network", _("No network connection")
        TLS = "tls", _("TLS failed")
        TIMEOUT = "timeout", _("Time-out")
        BROKEN_OFF = "broken_off", _("Connection broken off")
        CREDENTIALS = "credentials", _("Credentials refused")
        CONSENT = "consent", _("Permission missing")
        UNAUTHORIZED = "unauthorized", _("Token not accepted")
        FORBIDDEN = "forbidden", _("Not allowed")
        NOT_FOUND = "not_found", _("Nothing at this address")
        REDIRECT = "redirect", _("Redirected")
        QUOTA = "quota", _("Quota used up")
        VENDOR_FAILED = "vendor_failed", _("Vendor out of order")
        UNREADABLE = "unreadable", _("Answer not understood")
        OTHER_REFUSAL = "other_refusal", _("Refused")
        SEAL = "seal", _("Credentials cannot be opened")
        OUR_FAULT = "our_fault", _("The portal's own fault")

    connection = TenantOneToOneField(Connection, models.CASCADE, related_name="health", verbose_name=_("connection"))
    access_token = SealedField(_("access token"))
    token_generation = models.PositiveIntegerField(default=0, editable=False)
    token_expires_at = models.DateTimeField(_("token ends"), null=True, editable=False)
    token_renewing_until = models.DateTimeField(null=True, editable=False)
    token_renewer = models.UUIDField(null=True, editable=False)
    token_refused_until = models.DateTimeField(null=True, editable=False)
    quota_limit = models.PositiveIntegerField(_("quota"), null=True, editable=False)
    quota_used = models.PositiveIntegerField(_("quota used"), null=True, editable=False)
    quota_interval = models.CharField(max_length=40, blank=True, editable=False)
    quota_resets_at = models.DateTimeField(_("quota resets"), null=True, editable=False)
    quota_seen_at = models.DateTimeField(null=True, editable=False)
    quiet_until = models.DateTimeField(_("no call before"), null=True, editable=False)
    sunset = models.CharField(_("sunset"), max_length=200, blank=True, editable=False)
    api_version = models.CharField(_("API version"), max_length=80, blank=True, editable=False)
    previous_api_version = models.CharField(max_length=80, blank=True, editable=False)
    succeeded_at = models.DateTimeField(_("last success"), null=True, editable=False)
    trouble = models.CharField(_("trouble"), max_length=20, choices=Trouble, blank=True, editable=False)
    trouble_since = models.DateTimeField(_("since"), null=True, editable=False)
    trouble_message = models.CharField(_("message"), max_length=500, blank=True, editable=False)
    test_started_at = models.DateTimeField(_("test started"), null=True, editable=False)
    tested_at = models.DateTimeField(_("tested"), null=True, editable=False)
    test_finding = models.CharField(_("test found"), max_length=20, choices=Finding, blank=True, editable=False)
    # At the token endpoint, and not yet at the API itself.
    test_at_token = models.BooleanField(default=False, editable=False)
    test_status = models.PositiveIntegerField(null=True, editable=False)
    test_detail = models.CharField(max_length=500, blank=True, editable=False)
    test_duration_ms = models.PositiveIntegerField(null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("connection state"), _("connection states")

    def __str__(self) -> str:
        return f"{self.connection_id}"

    def quiet(self, now: datetime) -> bool:
        return self.quiet_until is not None and self.quiet_until > now

    @property
    def condition(self) -> str:
        """healthy, limited (by the quota), failing, or untested while nothing is known yet."""
        if self.trouble and self.trouble != self.Trouble.QUOTA:
            return "failing"
        if self.quota_used_up:
            return "limited"
        return "healthy" if self.succeeded_at else "untested"

    @property
    def quota_used_up(self) -> bool:
        """Told by the vendor in so many words, or by its count; until the reset."""
        counted = self.quota_limit is not None and (self.quota_used or 0) >= self.quota_limit
        return self.quiet(timezone.now()) and (counted or self.trouble == self.Trouble.QUOTA)

    @property
    def token_live(self) -> bool:
        return bool(self.access_token and self.token_expires_at and self.token_expires_at > timezone.now())

    @property
    def version_changed(self) -> bool:
        return bool(self.previous_api_version)

    @property
    def noticeable(self) -> bool:
        """As `ConnectionQuerySet.with_notice`."""
        return bool(self.sunset) or self.version_changed


class CallQuerySet(models.QuerySet["Call"]):
    def failed(self) -> "CallQuerySet":
        """No answer, an answer that says no, or one that could not be read."""
        return self.filter(models.Q(status=None) | models.Q(status__gte=300) | ~models.Q(error=""))

    def of_class(self, status_class: str) -> "CallQuerySet":
        """`status_class`: "2" to "5" for the hundreds, "none" for no answer."""
        if status_class == "none":
            return self.filter(status=None)
        hundreds = int(status_class) * 100
        return self.filter(status__gte=hundreds, status__lt=hundreds + 100)

    def older_than(self, moment: datetime) -> "CallQuerySet":
        return self.filter(started_at__lt=moment)


class Call(TenantModel):
    """One exchange with a vendor, secrets removed. Kept CALL_LOG_DAYS."""

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    # By number: the log knows operations no more than a telephone bill knows why somebody called.
    operation_id = models.BigIntegerField(_("operation"), null=True, editable=False)
    attempt_number = models.PositiveIntegerField(_("attempt"), null=True, editable=False)
    started_at = models.DateTimeField(_("started"))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))
    method = models.CharField(_("method"), max_length=8)
    path = models.CharField(_("path"), max_length=500)
    status = models.PositiveIntegerField(_("status"), null=True)
    vendor_request_id = models.CharField(_("vendor's request id"), max_length=100, blank=True)
    request = models.TextField(_("request"), blank=True)
    response = models.TextField(_("answer"), blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("vendor call"), _("vendor calls")
        indexes = [
            models.Index(fields=["connection", "-started_at", "-id"], name="call_by_connection"),
            models.Index(fields=["tenant", "-started_at", "-id"], name="call_by_tenant"),
            models.Index(fields=["tenant", "duration_ms", "id"], name="call_list_duration"),
            models.Index(
                fields=["operation_id"], condition=models.Q(operation_id__isnull=False), name="call_by_operation"
            ),
            models.Index(fields=["started_at"], name="call_by_age"),
            models.Index(
                fields=["vendor_request_id"], condition=~models.Q(vendor_request_id=""), name="call_by_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} → {self.status or self.error}"

    @property
    def short_path(self) -> str:
        """Without what every call over the connection begins with."""
        return self.path.removeprefix(urlsplit(self.connection.base_url).path.rstrip("/")) or self.path

    @property
    def failed(self) -> bool:
        return bool(self.error) or not self.status or self.status >= 300
