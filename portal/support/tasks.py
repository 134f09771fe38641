"""Celery's entry points."""

from celery import shared_task

from portal.support import incidents, visits


@shared_task(ignore_result=True)
def end_overdue_visits() -> None:
    visits.end_overdue_visits()


@shared_task(ignore_result=True)
def watch_vendors() -> None:
    incidents.watch()
