"""Delivering what is told: tried for three days with growing pauses, under the same message ID, then given up.

A try that was cut off is made again, so the receiver may get a message twice and knows it by its ID.
"""

import random
import time
from datetime import timedelta

from django.db import connection as database
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.fetching import NotFetched, post
from realtime.hooks import notices
from realtime.hooks.models import GIVE_UP_AFTER, Delivery, Endpoint
from realtime.hooks.signing import headers

LEASE = timedelta(seconds=60)
# Seconds before the next try; the last one goes on until the time is over.
PAUSES = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
JITTER = 0.2
MOST_AT_ONCE = 200
# Of one address at a time, so that a slow one leaves workers to the others; one that fails is only asked whether it is back.
MOST_OF_ONE, MOST_OF_FAILING = 10, 1
KEEP = timedelta(days=30)
PURGED_AT_ONCE = 5_000

DUE = """
select tenant_id, id from (
  select d.tenant_id, d.id, d.due_at, e.failing_since, coalesce(d.lease_until >= now(), false) as under_way,
         row_number() over (
           partition by d.endpoint_id order by coalesce(d.lease_until >= now(), false) desc, d.due_at, d.id
         ) as place
  from realtime_delivery d
  join realtime_endpoint e on e.id = d.endpoint_id and e.tenant_id = d.tenant_id
  join tenancy_tenant t on t.id = d.tenant_id
  where d.state = 'waiting' and d.due_at <= now() and e.enabled and t.state = 'active'
) due
where not under_way and place <= case when failing_since is null then %s else %s end
order by due_at limit %s
"""


def due() -> list[tuple[int, int]]:
    """(tenant, delivery) of what is to be tried now; all tenants."""
    with staff_scope(), database.cursor() as cursor:
        cursor.execute(DUE, [MOST_OF_ONE, MOST_OF_FAILING, MOST_AT_ONCE])
        return list(cursor.fetchall())


def deliver(tenant_id: int, pk: int) -> None:
    """Try once, unless somebody else does. No transaction is open while it leaves."""
    found = _claim(tenant_id, pk)
    if found is None:
        return
    try:
        status = _post(found)
    except NotFetched as flaw:
        _not_taken(found, str(flaw), flaw.status)
    else:
        _taken(found, status)


def _claim(tenant_id: int, pk: int) -> Delivery | None:
    with tenant_scope(tenant_id):
        if _is_busy(pk):
            return None
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        mine = Delivery.objects.filter(
            free, pk=pk, state=Delivery.State.WAITING, due_at__lte=Now(), endpoint__enabled=True, tenant__state="active"
        )
        if not mine.update(lease_until=Now() + LEASE, tries=F("tries") + 1):
            return None
        return Delivery.objects.select_related("endpoint").get(pk=pk)


def _is_busy(pk: int) -> bool:
    """Are as many under way to the same address as may be? The beat comes back to this one."""
    endpoint = Endpoint.objects.filter(deliveries=pk).values_list("pk", "failing_since").first()
    if endpoint is None:
        return True
    under_way = Delivery.objects.filter(endpoint=endpoint[0], lease_until__gte=Now()).count()
    return under_way >= (MOST_OF_FAILING if endpoint[1] else MOST_OF_ONE)


def _post(found: Delivery) -> int:
    """Raises NotFetched."""
    body = found.body.encode()
    return post(found.endpoint.url, body, headers(keys_of(found.endpoint), found.message_id, int(time.time()), body))


def keys_of(endpoint: Endpoint) -> list[str]:
    """What to sign with: the secret, and the one before it for as long as that is believed."""
    keys = [endpoint.secret.reveal()]
    if endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > timezone.now():
        keys.append(endpoint.previous_secret.reveal())
    return keys


def _taken(found: Delivery, status: int) -> None:
    with tenant_scope(found.tenant_id):
        Delivery.objects.filter(pk=found.pk).update(
            state=Delivery.State.DONE, status=status, error="", lease_until=None, ended_at=Now()
        )
        if Endpoint.objects.filter(pk=found.endpoint_id).exclude(failing_since=None).update(failing_since=None):
            # What piled up meanwhile need not wait out its pauses.
            Delivery.objects.filter(endpoint=found.endpoint_id, state=Delivery.State.WAITING).update(due_at=Now())


def _not_taken(found: Delivery, why: str, status: int | None) -> None:
    with tenant_scope(found.tenant_id):
        told = {"status": status, "error": why[:300], "lease_until": None}
        rows = Delivery.objects.filter(pk=found.pk)
        if timezone.now() >= found.give_up_at:
            rows.update(state=Delivery.State.GIVEN_UP, ended_at=Now(), **told)
        else:
            rows.update(due_at=Now() + pause_after(found.tries), **told)
        Endpoint.objects.filter(pk=found.endpoint_id).update(failing_since=Coalesce(F("failing_since"), Now()))
        _disable_where_hopeless(found.endpoint_id)


def pause_after(tries: int) -> timedelta:
    """Each longer than the one before, and never the same for all that failed together."""
    pause = PAUSES[min(tries, len(PAUSES)) - 1]
    return timedelta(seconds=pause * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret


def _disable_where_hopeless(endpoint_id: int) -> None:
    """Nothing got through for three days: it is told nothing more until a person looks at it."""
    hopeless = Endpoint.objects.filter(pk=endpoint_id, enabled=True, failing_since__lte=Now() - GIVE_UP_AFTER)
    if not hopeless.update(enabled=False, disabled_at=Now()):
        return
    Delivery.objects.filter(endpoint=endpoint_id, state=Delivery.State.WAITING).update(
        state=Delivery.State.GIVEN_UP, ended_at=Now(), lease_until=None
    )
    notices.disabled(Endpoint.objects.get(pk=endpoint_id))


def purge() -> int:
    """Delete what is older than KEEP; all tenants. Returns how many."""
    with staff_scope():
        old = Delivery.objects.filter(created_at__lt=Now() - KEEP).exclude(state=Delivery.State.WAITING)
        ids = list(old.order_by("created_at").values_list("pk", flat=True)[:PURGED_AT_ONCE])
        Delivery.objects.filter(pk__in=ids).delete()
    return len(ids)
