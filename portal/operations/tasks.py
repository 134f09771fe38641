"""Celery's entry points: bells. Losing one loses nothing, hearing one twice does nothing twice."""

from celery import shared_task

from portal.operations import bells, engine, settling, sweeper


@shared_task(ignore_result=True)
def run_lane(tenant_id: int, connection_id: int, lane: str) -> None:
    wait = engine.run_lane(tenant_id, connection_id, lane)
    if wait is not None:
        bells.ring(tenant_id, connection_id, lane, wait)


@shared_task(ignore_result=True)
def settle(tenant_id: int, operation_id: int) -> None:
    settling.settle(tenant_id, operation_id)


@shared_task(ignore_result=True)
def sweep() -> None:
    sweeper.sweep(bells.ring, bells.look)
