"""Celery's entry points."""

from celery import shared_task

from messaging.campaigns import retention, turns
from messaging.inbound import forwarding
from messaging.reports import applying, key_reading, purging, watching


@shared_task(ignore_result=True)
def take_turn(tenant_id: int, campaign_id: int) -> None:
    turns.take_turn(tenant_id, campaign_id)


@shared_task(ignore_result=True)
def sweep_campaigns() -> None:
    turns.sweep()


@shared_task(ignore_result=True)
def remove_old_texts() -> None:
    retention.remove_old_texts()


@shared_task(ignore_result=True)
def process_reports(tenant_id: int, connection_id: int) -> None:
    applying.process(tenant_id, connection_id)


@shared_task(ignore_result=True)
def process_due_reports() -> None:
    for tenant_id, connection_id in applying.due_connections():
        process_reports.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def read_keys(tenant_id: int, connection_id: int) -> None:
    key_reading.read_keys(tenant_id, connection_id)


@shared_task(ignore_result=True)
def read_due_keys() -> None:
    for tenant_id, connection_id in key_reading.due_connections():
        read_keys.delay(tenant_id, connection_id)


@shared_task(ignore_result=True)
def watch_reports() -> None:
    watching.watch()


@shared_task(ignore_result=True)
def purge_reports() -> None:
    purging.purge()


@shared_task(ignore_result=True)
def forward_inbound(tenant_id: int, forward_id: int) -> None:
    forwarding.forward(tenant_id, forward_id)


@shared_task(ignore_result=True)
def forward_due() -> None:
    for tenant_id, forward_id in forwarding.due():
        forward_inbound.delay(tenant_id, forward_id)
