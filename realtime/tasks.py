"""Celery's entry points."""

from celery import shared_task

from realtime import sync
from realtime.board import watching
from realtime.callback import following
from realtime.calls import retention, unsure
from realtime.events import purging, reading
from realtime.grants import exchanging, keeping, losing
from realtime.hooks import delivering


@shared_task(ignore_result=True)
def sync_connection(tenant_id: int, connection_id: int) -> None:
    sync.read_connection(tenant_id, connection_id)


@shared_task(ignore_result=True)
def sync_due_connections() -> None:
    for tenant_id, connection_id in sync.due_connections():
        sync_connection.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def refresh_grant(tenant_id: int, grant_id: int) -> None:
    keeping.refresh(tenant_id, grant_id)


@shared_task(ignore_result=True)
def refresh_due() -> None:
    for tenant_id, grant_id in keeping.due_grants():
        refresh_grant.delay(tenant_id, grant_id)


@shared_task(ignore_result=True)
def settle_grant(tenant_id: int, grant_id: int) -> None:
    losing.settle(tenant_id, grant_id)
    keeping.refresh(tenant_id, grant_id)


@shared_task(ignore_result=True)
def find_lost() -> None:
    for tenant_id, grant_id in losing.doubtful_grants():
        settle_grant.delay(tenant_id, grant_id)


@shared_task(ignore_result=True)
def exchange_consent(tenant_id: int, consent_id: int) -> None:
    exchanging.exchange(tenant_id, consent_id)


@shared_task(ignore_result=True)
def exchange_open() -> None:
    for tenant_id, consent_id in exchanging.open_exchanges():
        exchange_consent.delay(tenant_id, consent_id)


@shared_task(ignore_result=True)
def foresee_ends() -> None:
    keeping.foresee_ends()


@shared_task(ignore_result=True)
def forget_old_consents() -> None:
    exchanging.forget_old()


@shared_task(ignore_result=True)
def read_events(tenant_id: int, connection_id: int) -> None:
    reading.read_events(tenant_id, connection_id)


@shared_task(ignore_result=True)
def read_due_events() -> None:
    for tenant_id, connection_id in reading.due_connections():
        read_events.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def mark_lost_calls() -> None:
    unsure.mark_lost_calls()


@shared_task(ignore_result=True)
def purge_events() -> None:
    purging.purge()


@shared_task(ignore_result=True)
def forget_old_calls() -> None:
    retention.forget_old_calls()


@shared_task(ignore_result=True)
def end_overdue_actions() -> None:
    watching.end_overdue_actions()


@shared_task(ignore_result=True)
def deliver(tenant_id: int, delivery_id: int) -> None:
    delivering.deliver(tenant_id, delivery_id)


@shared_task(ignore_result=True)
def deliver_due() -> None:
    for tenant_id, delivery_id in delivering.due():
        deliver.delay(tenant_id, delivery_id)


@shared_task(ignore_result=True)
def purge_deliveries() -> None:
    delivering.purge()


@shared_task(ignore_result=True)
def follow_callbacks() -> None:
    following.follow()
