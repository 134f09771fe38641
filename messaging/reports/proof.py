"""What a report proves: that the sending it belongs to left. Silence proves nothing."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from messaging.campaigns import sending
from messaging.models import Batch, Sending
from portal.operations import bells, engine
from portal.operations.models import Operation, Status
from portal.tenancy.scope import staff_scope, tenant_scope

UNSETTLED = [Status.UNKNOWN, Status.NEEDS_PERSON]


def proven(sending_id: int) -> None:
    """The first report of a sending has come. In the caller's transaction; what was unknown is looked up soon."""
    sendings_proven([sending_id])


def sendings_proven(sending_ids: Iterable[int]) -> None:
    """As `proven`, of many."""
    new = Sending.objects.filter(pk__in=list(sending_ids), first_report_at=None)
    found = list(new.order_by("batch_id", "pk").values_list("pk", "batch_id", "tenant_id"))
    if not found:
        return
    new.update(first_report_at=Now())
    for pk, _batch, _tenant in found:
        sending.proven(pk)
    tenant_id, pks = found[0][2], [batch for _pk, batch, _tenant in found]
    # Whoever settles locks the operation before its batch, and our caller holds the batch.
    transaction.on_commit(lambda: look_soon(tenant_id, pks))


def look_soon(tenant_id: int, batch_ids: Iterable[int]) -> None:
    """Have the unknown outcomes of these batches looked up: now there is something to be found."""
    with tenant_scope(tenant_id):
        asked = Batch.objects.filter(pk__in=list(batch_ids)).values("operation_id")
        unsettled = Operation.objects.filter(pk__in=asked, status__in=UNSETTLED)
        looked = list(unsettled.select_for_update(of=("self",)).order_by("pk"))
        for operation in looked:
            if operation.status == Status.NEEDS_PERSON:
                engine.change(operation, status=Status.UNKNOWN, unknown_since=timezone.now(), due_at=Now())
            else:
                Operation.objects.filter(pk=operation.pk).update(due_at=Now())
    for operation in looked:
        bells.look(tenant_id, operation.pk)


def look_at_forgotten() -> None:
    """What a worker's death kept from being looked up though a report had come; over all tenants."""
    with staff_scope():
        latest = Sending.objects.filter(batch=OuterRef("batch")).order_by("-number").values("pk")[:1]
        proven_ones = Sending.objects.filter(
            batch__operation__status=Status.NEEDS_PERSON, pk=Subquery(latest), first_report_at__isnull=False
        )
        forgotten = list(proven_ones.values_list("tenant_id", "batch_id")[:200])
    for tenant_id, batch_id in forgotten:
        look_soon(tenant_id, [batch_id])
