"""Temporary subscribers, whose end the portal sees to."""

from django.utils import timezone

from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning import notices
from provisioning.models import Subscriber
from provisioning.operations.subscribers import delete_subscriber


def end_temporary_subscribers(tenant_id: int) -> int:
    """Promise the end of every temporary subscriber whose time is over. Returns how many."""
    with tenant_scope(tenant_id):
        over = list(
            Subscriber.objects.filter(state=Subscriber.State.ACTIVE, ends_at__lte=timezone.now())
            .exclude(vendor_id="")
            .select_related("product__connection__tenant")
            .order_by("ends_at")[:200]
        )
        for subscriber in over:
            delete_subscriber(subscriber, acting_user=None)
        notices.temporary_ended(tenant_id, over)
    return len(over)


def tenants_with_ending_subscribers() -> list[int]:
    """Active tenants that have temporary subscribers whose time is over; all tenants are looked at."""
    with staff_scope():
        over = Subscriber.objects.filter(
            state=Subscriber.State.ACTIVE, ends_at__lte=timezone.now(), tenant__state="active"
        ).exclude(vendor_id="")
        return sorted(set(over.values_list("tenant_id", flat=True)[:10_000]))
