"""Celery's entry points: bells. Losing one loses nothing, hearing one twice does nothing twice."""

from celery import shared_task

from portal.notices import keeping, sending, watching


@shared_task(ignore_result=True)
def look_around() -> None:
    watching.look_around()


@shared_task(ignore_result=True)
def mail_due() -> None:
    for tenant_id, delivery_id in sending.due_letters():
        mail.delay(tenant_id, delivery_id)


@shared_task(ignore_result=True)
def mail(tenant_id: int, delivery_id: int) -> None:
    sending.send(tenant_id, delivery_id)


@shared_task(ignore_result=True)
def purge() -> None:
    keeping.purge()
