"""Celery's entry points: bells for exports. Losing one loses nothing, hearing one twice does nothing twice."""

from celery import shared_task

from portal.lists import exports


@shared_task(ignore_result=True)
def write_export(tenant_id: int, export_id: int) -> None:
    exports.write(tenant_id, export_id)


@shared_task(ignore_result=True)
def ring_exports() -> None:
    exports.ring_what_is_due()


@shared_task(ignore_result=True)
def purge_exports() -> None:
    exports.purge()
