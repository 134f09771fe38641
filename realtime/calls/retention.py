"""Calls are kept for so many days, then forgotten: with their legs, what was told of them, and what was asked of them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.callback.models import CallbackRequest
from realtime.calls.models import LIVE, Call, CallAction, Leg, LegEvent, LooseBegin
from realtime.models import RealtimeAccount

# A step is one transaction; so many calls at most, or things asked for, are deleted in it.
AT_ONCE = 1_000


def forget_old_calls() -> int:
    """Over all tenants, in steps. Returns how many calls; one that goes on is kept, however long ago it began."""
    before = timezone.now() - timedelta(days=settings.LIVE_CALL_DAYS)
    with staff_scope():
        tenants = list(RealtimeAccount.objects.order_by("tenant_id").values_list("tenant_id", flat=True).distinct())
    return sum(_of_tenant(tenant_id, before) for tenant_id in tenants)


def _of_tenant(tenant_id: int, before: datetime) -> int:
    done = 0
    while some := _forget_some(tenant_id, before):
        done += some
    while _forget_asked(tenant_id, before):
        pass
    return done


def _forget_some(tenant_id: int, before: datetime) -> int:
    """The oldest ones."""
    with tenant_scope(tenant_id):
        old = Call.objects.filter(tenant=tenant_id, began_at__lt=before).exclude(state__in=LIVE)
        calls = list(old.order_by("began_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
        legs = list(Leg.objects.filter(call__in=calls).values_list("pk", flat=True))
        asked = CallAction.objects.filter(Q(call__in=calls) | Q(leg__in=legs))
        _delete_actions(list(asked.values_list("pk", flat=True)))
        LooseBegin.objects.filter(leg__in=legs).update(leg=None)
        LegEvent.objects.filter(leg__in=legs).delete()
        Leg.objects.filter(pk__in=legs).delete()
        Call.objects.filter(pk__in=calls).delete()
    return len(calls)


def _forget_asked(tenant_id: int, before: datetime) -> int:
    """What was asked for and never became a call."""
    with tenant_scope(tenant_id):
        old = CallAction.objects.filter(tenant=tenant_id, asked_at__lt=before, call=None).order_by("asked_at", "pk")
        actions = list(old.values_list("pk", flat=True)[:AT_ONCE])
        _delete_actions(actions)
    return len(actions)


def _delete_actions(actions: list[int]) -> None:
    """A visitor's request to be called back stays, with what became of it."""
    CallbackRequest.objects.filter(action__in=actions).update(action=None)
    CallAction.objects.filter(pk__in=actions).delete()
