"""Celery's entry points."""

from celery import shared_task

from telephony import statuses, sync
from telephony.scripts import shelf
from telephony.trials import running


@shared_task(ignore_result=True)
def sync_connection(tenant_id: int, connection_id: int) -> None:
    sync.read_connection(tenant_id, connection_id)


@shared_task(ignore_result=True)
def sync_due_connections() -> None:
    for tenant_id, connection_id in sync.due_connections():
        sync_connection.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def read_statuses(tenant_id: int, connection_id: int) -> None:
    statuses.read_statuses(tenant_id, connection_id)


@shared_task(ignore_result=True)
def read_due_statuses() -> None:
    for tenant_id, connection_id in statuses.due_connections():
        read_statuses.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def refill_shelf() -> None:
    shelf.refill()


@shared_task(ignore_result=True)
def run_script_trial(tenant_id: int, trial_id: int) -> None:
    running.run_trial(tenant_id, trial_id)


@shared_task(ignore_result=True)
def purge_script_trials() -> None:
    running.purge()
