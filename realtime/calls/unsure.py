"""Calls of which nothing more was heard: nobody says any more that they go on."""

from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.board import bell
from realtime.calls.models import LIVE, Call, Leg, LegState
from realtime.models import RealtimeAccount

AT_ONCE = 500


def mark_lost_calls() -> int:
    """Over all tenants. Returns how many calls became unsure; an event that shows life takes it back (`following`)."""
    with staff_scope():
        due = Call.objects.filter(unsure_at__lte=Now()).order_by("tenant_id", "connection_id")
        places = list(due.distinct("tenant_id", "connection_id").values_list("tenant_id", "connection_id")[:AT_ONCE])
    return sum(_mark(tenant_id, connection_id) for tenant_id, connection_id in places)


def _mark(tenant_id: int, connection_id: int) -> int:
    """Nothing while a worker reads the connection's events: they may tell otherwise, and the next look is soon."""
    with tenant_scope(tenant_id):
        accounts = RealtimeAccount.objects.select_for_update(skip_locked=True, of=("self",))
        if accounts.filter(connection_id=connection_id).first() is None:
            return 0
        due = Call.objects.filter(connection_id=connection_id, unsure_at__lte=Now())
        lost = list(due.values_list("pk", flat=True)[:AT_ONCE])
        Leg.objects.filter(call__in=lost, state__in=LIVE).update(state=LegState.UNSURE)
        Call.objects.filter(pk__in=lost).update(state=LegState.UNSURE, unsure_at=None, version=F("version") + 1)
        if lost:
            transaction.on_commit(partial(bell.ring, tenant_id))
        return len(lost)
