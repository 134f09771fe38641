"""How long the calls to vendors are kept."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from portal.tenancy.scope import staff_scope
from portal.vendors.models import Call

# Short transactions, and an end: what is left goes an hour later.
BATCH = 5_000
BATCHES = 40


def purge(*, batch: int = BATCH, batches: int = BATCHES) -> int:
    """Delete calls older than CALL_LOG_DAYS, oldest first, of all tenants. Returns how many went."""
    end = timezone.now() - timedelta(days=settings.CALL_LOG_DAYS)
    gone = 0
    for _ in range(batches):
        with staff_scope():
            oldest = Call.objects.older_than(end).order_by("started_at").values("pk")[:batch]
            deleted, _by_model = Call.objects.filter(pk__in=oldest).delete()
        gone += deleted
        if deleted < batch:
            break
    return gone
