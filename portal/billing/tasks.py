"""Celery's entry points."""

from celery import shared_task

from portal.billing import contracts, runs


@shared_task(ignore_result=True)
def take_turn(tenant_id: int, step_id: int) -> None:
    runs.take_turn(tenant_id, step_id)


@shared_task(ignore_result=True)
def sweep() -> None:
    runs.sweep()


@shared_task(ignore_result=True)
def close_due() -> None:
    runs.close_due()


@shared_task(ignore_result=True)
def apply_due() -> None:
    contracts.apply_due()
