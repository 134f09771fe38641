"""What differs between the portal and a vendor, for a person to adopt or to put right: for every app that mirrors a vendor."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection


class VendorDrift(TenantModel):
    """An app's `Drift` adds what differs. It is open until somebody decides, or a reading finds it no more."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ADOPTED = "adopted", _("Adopted")
        REPAIRED = "repaired", _("Repaired")
        GONE = "gone", _("Went away")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        abstract = True


def decide(drift: VendorDrift, state: VendorDrift.State, *, reason: str, acting_user: Any) -> None:
    """Note a person's decision on a locked, open difference. What follows from it, and the record, is the app's."""
    drift.state, drift.decided_by, drift.decided_at, drift.reason = state, acting_user, timezone.now(), reason
    drift.save(update_fields=["state", "decided_by", "decided_at", "reason"])
