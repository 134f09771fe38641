"""Links that show a person the setup sheet of a SIP account, once."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey


class SetupLinkQuerySet(models.QuerySet["SetupLink"]):
    def unopened(self) -> "SetupLinkQuerySet":
        """Those that would still show something."""
        return self.filter(opened_at=None, revoked_at=None, expires_at__gt=timezone.now())

    def for_list(self, account: Any) -> "SetupLinkQuerySet":
        return self.filter(account=account).select_related("made_by", "revoked_by").order_by("-made_at", "-pk")


class SetupLink(TenantModel):
    """A mailed link to one account's setup sheet with its password: works once, for a while, until it is revoked.

    Only the SHA-256 of its secret is kept. `opened_from` is the network address of whoever opened it.
    """

    account = TenantForeignKey("SipAccount", models.CASCADE, related_name="setup_links", verbose_name=_("SIP account"))
    secret_digest = models.CharField(max_length=64, unique=True, editable=False)
    sent_to = models.EmailField(_("sent to"), max_length=254)
    language = models.CharField(_("language"), max_length=10)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("sent by"))
    made_at = models.DateTimeField(_("sent"), default=timezone.now, editable=False)
    mailed_at = models.DateTimeField(_("mailed"), null=True)
    expires_at = models.DateTimeField(_("ends"))
    opened_at = models.DateTimeField(_("opened"), null=True)
    opened_from = models.GenericIPAddressField(_("opened from"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("revoked by")
    )

    objects = SetupLinkQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("setup link"), _("setup links")
        indexes = [models.Index(fields=["account", "-made_at", "-id"], name="setup_link_list")]

    def __str__(self) -> str:
        return self.sent_to

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        if self.opened_at:
            return "link_opened"
        if self.revoked_at:
            return "revoked"
        return "link_unopened" if self.expires_at > timezone.now() else "expired"
