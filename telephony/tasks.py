"""Celery's entry points."""

from celery import shared_task

from telephony import sync
from telephony.scripts import shelf


@shared_task(ignore_result=True)
def sync_connection(tenant_id: int, connection_id: int) -> None:
    sync.read_connection(tenant_id, connection_id)


@shared_task(ignore_result=True)
def sync_due_connections() -> None:
    for tenant_id, connection_id in sync.due_connections():
        sync_connection.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def refill_shelf() -> None:
    shelf.refill()
