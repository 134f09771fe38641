"""Celery's entry points."""

from celery import shared_task

from provisioning import operations, right_sizing, sync


@shared_task(ignore_result=True)
def sync_connection(tenant_id: int, connection_id: int) -> None:
    sync.read_connection(tenant_id, connection_id)


@shared_task(ignore_result=True)
def sync_due_connections() -> None:
    for tenant_id, connection_id in sync.due_connections():
        sync_connection.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def end_temporary_subscribers() -> None:
    for tenant_id in operations.tenants_with_ending_subscribers():
        operations.end_temporary_subscribers(tenant_id)


@shared_task(ignore_result=True)
def right_size(tenant_id: int, plan_id: int) -> None:
    right_sizing.take_turn(tenant_id, plan_id)


@shared_task(ignore_result=True)
def right_size_due() -> None:
    for tenant_id, plan_id in right_sizing.due_plans():
        right_size.delay(tenant_id, plan_id)
