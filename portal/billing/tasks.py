"""Celery's entry points."""

from celery import shared_task

from portal.billing import contracts, runs
from portal.billing.mailing import readers, sending


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


@shared_task(ignore_result=True)
def mail_due() -> None:
    for tenant_id, mail_id in sending.due_mails():
        mail_statement.delay(tenant_id, mail_id)
    for mail_id in readers.due_mails():
        mail_run.delay(mail_id)


@shared_task(ignore_result=True)
def mail_statement(tenant_id: int, mail_id: int) -> None:
    sending.send(tenant_id, mail_id)


@shared_task(ignore_result=True)
def mail_run(mail_id: int) -> None:
    readers.send(mail_id)
