"""Who did what, when, from where, on whose behalf: append-only, and chained so that tampering shows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import Tenant, User


class EntryQuerySet(models.QuerySet["Entry"]):
    def of_tenant(self, tenant: Tenant) -> "EntryQuerySet":
        """The tenant's own. Without this, who looks would also find the own acts outside any tenant (signing in)."""
        return self.filter(tenant=tenant)


class Entry(models.Model):
    """One act. A tenant reads its own; acts outside any tenant (staff, sign-in) are read by staff only.

    Names are copied in, so that the entry reads the same when a person or a thing has gone.
    """

    tenant = models.ForeignKey(
        Tenant, models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("tenant")
    )
    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+", verbose_name=_("who")
    )
    actor_label = models.CharField(_("who"), max_length=254)
    on_behalf_of = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("on behalf of"),
    )
    on_behalf_of_label = models.CharField(max_length=254, blank=True)
    ip_address = models.GenericIPAddressField(_("from"), null=True)
    request_id = models.CharField(_("request"), max_length=40, blank=True)
    action = models.CharField(_("what"), max_length=80)
    object_type = models.CharField(max_length=80, blank=True)
    object_id = models.CharField(max_length=40, blank=True)
    object_label = models.CharField(_("of what"), max_length=254, blank=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    reason = models.TextField(_("reason"), blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("audit entry"), _("audit entries")
        indexes = [
            models.Index(fields=["tenant", "-at", "-id"], name="audit_by_tenant"),
            models.Index(fields=["tenant", "action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["action", "-at", "-id"], name="audit_of_any_tenant"),
            models.Index(fields=["tenant", "object_type", "object_id", "-id"], name="audit_by_object"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["tenant", "actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(
                fields=["tenant", "on_behalf_of", "-at", "-id"],
                condition=models.Q(on_behalf_of__isnull=False),
                name="audit_by_behalf",
            ),
            models.Index(fields=["request_id", "tenant"], condition=~models.Q(request_id=""), name="audit_by_request"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.action} {self.object_label}"


class Unchained(models.Model):
    """An entry that waits to be chained, put here by a trigger of the entries' table; a row lives a few seconds.

    A row whose entry is gone stays: the entry was taken out before it was chained.
    """

    tenant = models.ForeignKey(
        Tenant, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    entry_id = models.BigIntegerField()

    class Meta:
        verbose_name, verbose_name_plural = _("unchained audit entry"), _("unchained audit entries")

    def __str__(self) -> str:
        return f"{self.entry_id}"


class Link(models.Model):
    """One entry's place in the chain of its tenant, or of the acts outside any: see `portal.audit.chain`. Append-only.

    `entry_id` is a number and no foreign key, for a link has to outlive an entry that somebody takes out.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, null=True, db_index=False, related_name="+")
    sequence = models.PositiveBigIntegerField()
    entry_id = models.BigIntegerField(unique=True)
    digest = models.BinaryField(max_length=32)
    key_id = models.CharField(max_length=8)
    chained_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("link of the audit chain"), _("links of the audit chain")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sequence"], nulls_distinct=False, name="audit_link_once")
        ]

    def __str__(self) -> str:
        return f"{self.sequence}"
