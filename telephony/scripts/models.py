"""Call scripts that the portal serves itself: versions that stay, the one that is published, and what is tried on them."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey


class CallScriptQuerySet(models.QuerySet["CallScript"]):
    def living(self) -> "CallScriptQuerySet":
        return self.filter(deleted_at=None)

    def for_list(self) -> "CallScriptQuerySet":
        """With what is published and `latest`, the number of the newest version; no text and no address."""
        newest = ScriptVersion.objects.filter(script=OuterRef("pk")).order_by("-number").values("number")[:1]
        rows = self.select_related("published", "published_by").defer("address", "published__text")
        return rows.annotate(latest=Subquery(newest))

    def for_page(self) -> "CallScriptQuerySet":
        """As `for_list`, with `told_cases`: the values of its test cases, in the order of their names."""
        values = JSONObject(pk="pk", name="name", parameters="parameters", expects="expects")
        cases = ScriptCase.objects.filter(script=OuterRef("pk")).order_by("name", "pk").values(told=values)
        return self.for_list().annotate(told_cases=ArraySubquery(cases))


class CallScript(TenantModel):
    """XML that the vendor's platform fetches for each call, at an address that nobody can guess.

    `address` is the secret part of it, `address_digest` the SHA-256 by which a request finds the script.
    """

    name = models.CharField(_("name"), max_length=80)
    address = SealedField(_("address"))
    address_digest = models.CharField(max_length=64, unique=True, editable=False)
    published = TenantForeignKey("ScriptVersion", null=True, related_name="+", verbose_name=_("published"))
    published_at = models.DateTimeField(_("published at"), null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("published by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True)

    objects = CallScriptQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("call script"), _("call scripts")
        constraints = [
            models.UniqueConstraint("tenant", Lower("name"), condition=Q(deleted_at=None), name="script_name_once"),
        ]
        indexes = [
            models.Index(fields=["tenant", "name", "id"], condition=Q(deleted_at=None), name="script_by_tenant"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`); `for_list` reads `latest`."""
        if self.published is None:
            return "script_draft"
        latest: Any = getattr(self, "latest", None)
        return "script_published" if latest in (None, self.published.number) else "script_changed"


class ScriptVersion(TenantModel):
    """One text of a script, kept for good: who wrote it, when and why. Numbers run from 1."""

    script = TenantForeignKey(CallScript, related_name="versions", verbose_name=_("call script"))
    number = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"))
    why = models.CharField(_("why"), max_length=200, blank=True)
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))

    class Meta:
        verbose_name, verbose_name_plural = _("version of a script"), _("versions of scripts")
        ordering = ["script", "-number"]
        constraints = [models.UniqueConstraint(fields=["script", "number"], name="script_version_once")]

    def __str__(self) -> str:
        return f"{self.number}"


class ScriptCase(TenantModel):
    """A call as it might come, and what the script's answer to it must contain. Tried whenever a version is published.

    `parameters` are those of the call by name; `expects` are pieces of XML or text.
    """

    script = TenantForeignKey(CallScript, models.CASCADE, related_name="cases", verbose_name=_("call script"))
    name = models.CharField(_("name"), max_length=80)
    parameters = models.JSONField(_("parameters"), default=dict)
    expects = models.JSONField(_("must contain"), default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("test case of a script"), _("test cases of scripts")
        ordering = ["script", "name", "id"]
        constraints = [models.UniqueConstraint(fields=["script", "name"], name="script_case_once")]

    def __str__(self) -> str:
        return self.name
