"""Support at work: visits to tenants, how the vendors are doing, and the incidents that follow from it."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import Tenant, TenantModel, User
from portal.vendors.registry import vendors


class VisitQuerySet(models.QuerySet["Visit"]):
    def running(self) -> "VisitQuerySet":
        return self.filter(ended_at=None, ends_at__gt=Now())

    def overdue(self) -> "VisitQuerySet":
        """Their time is over, and nobody has ended them."""
        return self.filter(ended_at=None, ends_at__lte=Now())

    def of_tenant(self, tenant: Tenant) -> "VisitQuerySet":
        return self.filter(tenant=tenant)


class Visit(TenantModel):
    """Support staff looking at a tenant's pages with the eyes of one of its members, for a reason and for a time.

    The tenant reads its own visits; who makes one finds it from outside of the tenant, as memberships are found.
    """

    staff = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("who"))
    as_user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("seen as"))
    reason = models.CharField(_("reason"), max_length=500)
    may_change = models.BooleanField(_("may change"), default=False)
    # Held by the session that started it, and by no other.
    key = models.UUIDField(unique=True, editable=False)
    started_at = models.DateTimeField(_("started"), default=timezone.now, editable=False)
    ends_at = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = (
            _("visit of support"),
            _("visits of support"),
        )
        indexes = [
            models.Index(fields=["tenant", "-started_at", "-id"], name="visit_by_tenant"),
            models.Index(
                fields=["ends_at"],
                condition=models.Q(ended_at=None),
                name="visit_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} → {self.as_user}"

    @property
    def running(self) -> bool:
        return self.ended_at is None and self.ends_at > timezone.now()

    @property
    def over_at(self) -> Any:
        """When it ended, or will."""
        return self.ended_at or self.ends_at


class CallTally(models.Model):
    """How many calls to a vendor, over all tenants, ended in one way after about one duration, in five minutes."""

    SPAN = timedelta(minutes=5)

    class Outcome(models.TextChoices):
        """The troubles are those of a connection; the vendor's refusal of one request is none."""

        ANSWERED = "answered", _("Answered")
        REFUSED = "refused", _("Refused")
        CREDENTIALS = "credentials", _("Credentials refused")
        QUOTA = "quota", _("Throttled")
        UNREACHABLE = "unreachable", _("No answer, or out of order")
        PROTOCOL = "protocol", _("Answer not understood")

    vendor = models.CharField(_("vendor"), max_length=20)
    starts_at = models.DateTimeField(_("from"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    # Index into `portal.support.tallies.DURATIONS`.
    duration_class = models.PositiveSmallIntegerField()
    calls = models.PositiveIntegerField(_("calls"))

    class Meta:
        verbose_name, verbose_name_plural = _("tally of calls"), _("tallies of calls")
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "starts_at", "outcome", "duration_class"],
                name="tally_once",
            )
        ]
        indexes = [models.Index(fields=["starts_at"], name="tally_by_time")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.starts_at:%Y-%m-%d %H:%M} {self.outcome}: {self.calls}"


class TallyMark(models.Model):
    """How far the call log has been counted: the one row that a count locks.

    A call is counted only when its id was below the newest one at an earlier look: calls get their ids before they are
    committed, so that a newer one may be seen first.
    """

    counted_to = models.BigIntegerField()
    seen_to = models.BigIntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = (
            _("mark in the call log"),
            _("marks in the call log"),
        )

    def __str__(self) -> str:
        return str(self.counted_to)


class VendorHealth(CallTally):
    """The tallies as the admin shows them: one page about all vendors."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("vendor health"), _("vendor health")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> "IncidentQuerySet":
        return self.filter(closed_at=None)

    def worst_first(self) -> "IncidentQuerySet":
        return self.order_by("-tenants", "-connections", "opened_at", "pk")


class Incident(models.Model):
    """One kind of trouble with one vendor, from when it was first seen until it has been gone for a while.

    Opened and closed by the portal; it belongs to no tenant, and only staff can read it.
    """

    class Kind(models.TextChoices):
        UNREACHABLE = "unreachable", _("Cannot be reached")
        CREDENTIALS = "credentials", _("Refuses credentials")
        QUOTA = "quota", _("Quota used up")
        PROTOCOL = "protocol", _("Answers in an unknown form")
        SLOW = "slow", _("Slow")
        ERRORS = "errors", _("Many calls fail")

    vendor = models.CharField(_("vendor"), max_length=20)
    kind = models.CharField(_("kind of trouble"), max_length=12, choices=Kind)
    opened_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    reopened = models.PositiveIntegerField(_("came back"), default=0)
    connections = models.PositiveIntegerField(_("connections now"), default=0)
    tenants = models.PositiveIntegerField(_("tenants now"), default=0)
    worst_connections = models.PositiveIntegerField(_("connections at worst"), default=0)
    worst_tenants = models.PositiveIntegerField(_("tenants at worst"), default=0)
    calls_failed = models.PositiveIntegerField(_("calls"), default=0)
    # By number: the call log is kept for a shorter time.
    example_call_id = models.BigIntegerField(null=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("incident"), _("incidents")
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "kind"],
                condition=models.Q(closed_at=None),
                name="incident_open_once",
            )
        ]
        indexes = [models.Index(fields=["vendor", "kind", "-closed_at"], name="incident_latest")]

    def __str__(self) -> str:
        return f"{self.vendor_label}: {self.get_kind_display()}"

    @property
    def vendor_label(self) -> Any:
        return next((spec.label for spec in vendors() if spec.key == self.vendor), self.vendor)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class IncidentNote(models.Model):
    """What somebody of support wrote down about an incident: that it is known, and what is being done."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="notes", verbose_name=_("incident"))
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("who"))
    at = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    text = models.CharField(_("note"), max_length=1000)

    class Meta:
        verbose_name, verbose_name_plural = _("note"), _("notes")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.author}: {self.text}"
