"""What is not kept: texts and numbers of reports and inbound messages, after as many days as the company says."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from messaging.models import InboundMessage, Report, SmsAccount, SmsRules, UnverifiedReport
from portal.tenancy.scope import staff_scope, tenant_scope

KEEP_REFUSED = timedelta(days=90)
NOTHING = b""


def purge() -> None:
    """Over all tenants. What a report proved is kept, and its digest, so that a replay is still known as one."""
    with staff_scope():
        tenants = list(SmsAccount.objects.order_by("tenant_id").values_list("tenant_id", flat=True).distinct())
    for tenant_id in tenants:
        with tenant_scope(tenant_id):
            _purge(tenant_id)


def _purge(tenant_id: int) -> None:
    now = timezone.now()
    rules = SmsRules.objects.filter(tenant_id=tenant_id).first() or SmsRules()
    before = now - timedelta(days=rules.keep_text_days)
    handled = Report.objects.filter(handled_at__isnull=False, received_at__lt=before)
    handled.exclude(body=NOTHING).update(body=NOTHING)
    old = InboundMessage.objects.filter(Q(received_at__lt=before), text_removed_at=None)
    old.update(text="", text_removed_at=now)
    UnverifiedReport.objects.filter(day__lt=(now - KEEP_REFUSED).date()).delete()
