"""Celery's entry points."""

from celery import shared_task

from portal.vendors import call_log, probing


@shared_task(ignore_result=True)
def test_connection(tenant_id: int, connection_id: int) -> None:
    probing.run_test(tenant_id, connection_id)


@shared_task(ignore_result=True)
def purge_call_log() -> None:
    call_log.purge()
