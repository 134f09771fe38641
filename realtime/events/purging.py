"""What is not kept: events as they came, after as many days as the portal says. What they told of calls stays."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from portal.tenancy.scope import staff_scope
from realtime.calls.models import LooseBegin
from realtime.events.models import Event

AT_ONCE = 5_000


def purge() -> int:
    """Over all tenants. Returns how many events."""
    before = timezone.now() - timedelta(days=settings.LIVE_EVENT_DAYS)
    done = 0
    while some := _purge_some(before):
        done += some
    return done


def _purge_some(before: object) -> int:
    """Events that wait to be read are kept, however long they wait."""
    with staff_scope():
        old = Event.objects.filter(received_at__lt=before, handled_at__isnull=False).order_by("received_at")
        deleted, _each = Event.objects.filter(pk__in=old.values("pk")[:AT_ONCE]).delete()
        loose = LooseBegin.objects.filter(at__lt=before).order_by("pk")
        LooseBegin.objects.filter(pk__in=loose.values("pk")[:AT_ONCE]).delete()
    return deleted
