"""Celery's entry points."""

from celery import shared_task

from messaging.campaigns import turns


@shared_task(ignore_result=True)
def take_turn(tenant_id: int, campaign_id: int) -> None:
    turns.take_turn(tenant_id, campaign_id)
