"""Celery's entry points."""

from celery import shared_task

from portal.audit import chain, verification


@shared_task(ignore_result=True)
def chain_entries() -> None:
    chain.chain_waiting()


@shared_task(ignore_result=True)
def tell_heads() -> None:
    verification.tell_heads()
