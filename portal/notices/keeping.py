"""How long notices are kept: NOTICE_KEEP_DAYS, and as long as they need somebody."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from portal.notices.models import Delivery, Notice
from portal.tenancy.scope import staff_scope

AT_ONCE = 5_000


def purge() -> int:
    """Forget old notices of all tenants, with their deliveries. Returns how many; no more than AT_ONCE."""
    before = timezone.now() - timedelta(days=settings.NOTICE_KEEP_DAYS)
    with staff_scope():
        old = Notice.objects.filter(happened_at__lt=before).exclude(needs_you=True, resolved_at=None)
        pks = list(old.order_by("happened_at").values_list("pk", flat=True)[:AT_ONCE])
        Delivery.objects.filter(notice_id__in=pks).delete()
        Notice.objects.filter(pk__in=pks).delete()
    return len(pks)
