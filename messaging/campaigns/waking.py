"""Bells for a campaign, in a transaction of their own: who ends an operation holds its batch, and waits for no campaign."""

from django.db import transaction
from django.db.models.functions import Now

from messaging.models import Campaign
from portal import turns
from portal.tenancy.scope import tenant_scope

TASK = "messaging.tasks.take_turn"


def wake_after_commit(tenant_id: int, campaign_id: int) -> None:
    """Have the campaign look around as soon as the transaction is over."""
    transaction.on_commit(lambda: wake(tenant_id, campaign_id))


def wake(tenant_id: int, campaign_id: int) -> None:
    """Nothing for a campaign that has ended, or waits for a person."""
    with tenant_scope(tenant_id):
        woken = Campaign.objects.filter(pk=campaign_id, due_at__isnull=False).update(due_at=Now())
    if woken:
        turns.ring(TASK, tenant_id, campaign_id)
