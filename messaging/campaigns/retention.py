"""Texts are kept as long as the company says, then removed; who was sent to, when and with what outcome stays."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from messaging.campaigns import batches
from messaging.models import AudienceFile, Campaign, Message, RejectedLine
from messaging.rules import rules_of
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope

# A step is one transaction; so many rows at most are changed in it.
ROWS_AT_ONCE = 2_000


def remove_old_texts() -> int:
    """Of campaigns that ended long enough ago, in steps. Returns of how many."""
    with staff_scope():
        ended = Campaign.objects.filter(ended_at__isnull=False, text_removed_at=None)
        tenants = list(Tenant.objects.filter(pk__in=ended.values("tenant")).values_list("pk", flat=True))
    return sum(_of_tenant(tenant_id) for tenant_id in tenants)


def _of_tenant(tenant_id: int) -> int:
    with tenant_scope(tenant_id):
        before = timezone.now() - timedelta(days=rules_of(tenant_id).keep_text_days)
        old = Campaign.objects.filter(ended_at__lt=before, text_removed_at=None).order_by("ended_at")
        ids = list(old.values_list("pk", flat=True))
    for pk in ids:
        while not _step(tenant_id, pk):
            pass
    return len(ids)


def _step(tenant_id: int, campaign_id: int) -> bool:
    """Empty some rows. True when nothing of the campaign is left; only then is it said to be removed."""
    with tenant_scope(tenant_id):
        if _empty_messages(campaign_id) or _empty_lines(campaign_id):
            return False
        AudienceFile.objects.filter(campaign=campaign_id).delete()
        Campaign.objects.filter(pk=campaign_id).update(text="", text_removed_at=Now())
        return True


def _empty_messages(campaign_id: int) -> int:
    """Their batches first, as everybody who changes messages does."""
    some = Message.objects.filter(campaign=campaign_id).exclude(text="").order_by("batch_id", "pk")
    found = list(some.values_list("pk", "batch_id")[:ROWS_AT_ONCE])
    batches.lock({batch_id for _pk, batch_id in found})
    return Message.objects.filter(pk__in=[pk for pk, _batch_id in found]).update(text="")


def _empty_lines(campaign_id: int) -> int:
    some = RejectedLine.objects.filter(campaign=campaign_id).exclude(value="").values("pk")[:ROWS_AT_ONCE]
    return RejectedLine.objects.filter(pk__in=some).update(value="")
