"""The directory: who and what can be called at a company's telephone system."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection


class Extension(TenantModel):
    """A user or a dialplan of the telephone system. `number` is the internal one and may begin with 0, `external_number`
    E.164 with +. `member` is the person of this portal whose telephone it is.
    """

    class Kind(models.TextChoices):
        USER = "user", _("Person")
        DIALPLAN = "dialplan", _("Dialplan")
        OTHER = "other", _("Other")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="extensions", verbose_name=_("connection"))
    vendor_id = models.CharField(_("vendor's ID"), max_length=64)
    name = models.CharField(_("name"), max_length=200)
    number = models.CharField(_("number"), max_length=20)
    external_number = models.CharField(_("external number"), max_length=20, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("person of the portal")
    )
    # As it was set here or told by the vendor; "" while nobody said it.
    caller_id = models.CharField(_("caller ID"), max_length=64, blank=True)
    caller_ids_read_at = models.DateTimeField(_("caller IDs read"), null=True)
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), null=True)
    gone_at = models.DateTimeField(_("gone"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("extension"), _("extensions")
        constraints = [models.UniqueConstraint(fields=["connection", "vendor_id"], name="realtime_extension_once")]
        indexes = [
            models.Index(fields=["tenant", "name", "id"], name="realtime_extension_list"),
            models.Index(fields=["connection", "number"], name="realtime_extension_number"),
            models.Index(
                fields=["tenant", "external_number"], condition=~Q(external_number=""), name="realtime_extension_outer"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.number


class CallerId(TenantModel):
    """A number that an extension may show to those it calls."""

    extension = TenantForeignKey(Extension, models.CASCADE, related_name="caller_ids", verbose_name=_("extension"))
    vendor_id = models.CharField(_("vendor's ID"), max_length=64)
    number = models.CharField(_("number"), max_length=20)

    class Meta:
        verbose_name, verbose_name_plural = _("caller ID"), _("caller IDs")
        constraints = [models.UniqueConstraint(fields=["extension", "vendor_id"], name="realtime_caller_id_once")]

    def __str__(self) -> str:
        return self.number


class Favourite(TenantModel):
    """An extension that a person wants to see first."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    extension = TenantForeignKey(Extension, models.CASCADE, related_name="+", verbose_name=_("extension"))

    class Meta:
        verbose_name, verbose_name_plural = _("favourite"), _("favourites")
        constraints = [models.UniqueConstraint(fields=["user", "extension"], name="realtime_favourite_once")]

    def __str__(self) -> str:
        return str(self.extension)


class UserLevel(TenantModel):
    """The ledger that billing stands on: each change of how many users a telephone system has, with the level it led to.

    PostgreSQL writes it with each reading of the directory (migration 0009), and nobody changes it. It begins with what the
    first reading found. `recorded_at` is when the reading began.
    """

    connection = TenantForeignKey(Connection, related_name="user_levels", verbose_name=_("connection"))
    sequence = models.PositiveIntegerField(_("number"))
    quantity = models.IntegerField(_("change"))
    level = models.IntegerField(_("level"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name, verbose_name_plural = _("level of users"), _("levels of users")
        ordering = ["connection", "sequence"]
        constraints = [models.UniqueConstraint(fields=["connection", "sequence"], name="realtime_level_once")]
        indexes = [models.Index(fields=["tenant", "recorded_at"], name="realtime_level_recorded")]

    def __str__(self) -> str:
        return f"{self.quantity:+d} → {self.level}"
