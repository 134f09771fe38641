"""Celery's entry points."""

from celery import shared_task

from portal.bulk import work


@shared_task(ignore_result=True)
def take_turn(tenant_id: int, batch_id: int) -> None:
    work.take_turn(tenant_id, batch_id)


@shared_task(ignore_result=True)
def sweep() -> None:
    work.sweep()


@shared_task(ignore_result=True)
def empty_old() -> None:
    work.empty_old()
