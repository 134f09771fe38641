"""CSV files of lists: small ones at once, large ones by the background in parts that survive a killed worker."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone, translation

from portal.audit.trail import record
from portal.lists import csv_text
from portal.lists.addresses import Asked, asked_of
from portal.lists.models import Export, ExportPart
from portal.lists.notices import export_ready
from portal.lists.registry import ListSpec
from portal.tenancy.models import Membership, Tenant
from portal.tenancy.roles import Role
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.turns import due, ring, ring_after_commit, take_turn
from portal.ui.paging import place_of, rows_after

TASK = "portal.lists.tasks.write_export"
# As many are answered at once, and as many are written in one step.
AT_ONCE = 2_000
KEPT = timedelta(days=7)
# An export that is not written by then will not be.
PATIENCE = timedelta(hours=6)
MOST_UNDER_WAY = 5
AT_ONCE_AGAIN = timedelta()


class TooManyUnderWay(Exception):
    """The person has as many exports being written as one may; nothing was asked for."""


# --- At once ------------------------------------------------------------------------------------------------------


def small_csv(spec: ListSpec, asked: Asked, tenant: Tenant, *, acting_user: Any) -> bytes | None:
    """The whole file, on record; None for more rows than are answered at once."""
    rows = rows_after(_rows(spec, asked, tenant), asked.order, [], AT_ONCE + 1)
    if len(rows) > AT_ONCE:
        return None
    _record("lists.exported", tenant, spec.key, asked.whole, rows=len(rows), acting_user=acting_user)
    return (csv_text.heading(spec) + csv_text.lines(spec, rows, tenant.zone)).encode()


def _rows(spec: ListSpec, asked: Asked, tenant: Tenant) -> Any:
    return spec.narrow(asked.form, spec.rows(tenant), tenant)


def _record(action: str, obj: Any, list_key: str, query: str, *, acting_user: Any, **facts: Any) -> None:
    record(action, obj, after={"list": list_key, "filter": query, **facts}, acting_user=acting_user)


# --- In the background --------------------------------------------------------------------------------------------


@transaction.atomic
def ask_export(spec: ListSpec, query: str, tenant: Tenant, *, form_key: UUID, acting_user: Any) -> Export:
    """Promise a file; the same `form_key` again is the same file. Raises TooManyUnderWay."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    mine = Export.objects.filter(tenant=tenant, asked_by=acting_user)
    earlier = mine.filter(form_key=form_key).first()
    if earlier is not None:
        return earlier
    if mine.filter(due_at__isnull=False).count() >= MOST_UNDER_WAY:
        raise TooManyUnderWay
    export = Export.objects.create(
        tenant=tenant,
        list_key=spec.key,
        query=query,
        language=translation.get_language() or "en",
        asked_by=acting_user,
        form_key=form_key,
        due_at=Now(),
    )
    _record("lists.export_asked", export, spec.key, query, acting_user=acting_user)
    ring_after_commit(TASK, tenant.pk, export.pk)
    return export


def write(tenant_id: int, pk: int) -> None:
    """Take a turn at an export, and ring for the next one. One that is discarded meanwhile ends the turn."""
    try:
        wait = take_turn(Export, tenant_id, pk, write_part)
    except Export.DoesNotExist:
        return
    if wait is not None:
        ring(TASK, tenant_id, pk, wait)


def write_part(export: Export) -> timedelta | None:
    """The step: some more rows as a part, together with where they ended. None when all are written."""
    spec = export.spec
    if spec is None:
        _fail(export, Export.Problem.LIST_GONE)
        return None
    asked = asked_of(spec, export.query, export.tenant)
    if not asked.valid:
        _fail(export, Export.Problem.NOT_UNDERSTOOD)
        return None
    if export.started_at is None:
        export.started_at = timezone.now()
        export.expected = _rows(spec, asked, export.tenant).count()
    rows = rows_after(_rows(spec, asked, export.tenant), asked.order, export.place, AT_ONCE)
    with translation.override(export.language):
        text = csv_text.lines(spec, rows, export.tenant.zone)
        _add_part(export, text if export.part_count else csv_text.heading(spec) + text)
    export.rows += len(rows)
    if len(rows) == AT_ONCE:
        export.place = place_of(rows[-1], asked.order)
        export.save()
        return AT_ONCE_AGAIN
    _finish(export)
    return None


def _add_part(export: Export, text: str) -> None:
    plain = text.encode()
    packed = gzip.compress(plain, mtime=0)
    ExportPart.objects.create(tenant_id=export.tenant_id, export=export, number=export.part_count, packed=packed)
    export.part_count += 1
    export.size += len(plain)
    export.packed_size += len(packed)


def _finish(export: Export) -> None:
    export.finished_at = timezone.now()
    export.expires_at = export.finished_at + KEPT
    export.save()
    _record("lists.exported", export, export.list_key, export.query, rows=export.rows, acting_user=export.asked_by)
    export_ready(export)


def _fail(export: Export, problem: Export.Problem) -> None:
    export.problem = problem
    export.save()


# --- Afterwards ---------------------------------------------------------------------------------------------------


def visible_to(member: Membership) -> Any:
    """The exports that a member may see: the own ones, as an admin those of all."""
    exports = Export.objects.filter(tenant=member.tenant).select_related("asked_by", "tenant")
    return exports if member.allows(Role.ADMIN) else exports.filter(asked_by=member.user_id)


def record_download(export: Export, *, acting_user: Any) -> None:
    _record("lists.export_downloaded", export, export.list_key, export.query, rows=export.rows, acting_user=acting_user)


def plain_parts(export: Export) -> Iterator[bytes]:
    """The file's text, part by part."""
    for packed in packed_parts(export):
        yield gzip.decompress(packed)


def packed_parts(export: Export) -> Iterator[bytes]:
    """The file as gzip, part by part. It is read after the page's own scope has ended, so each part opens one."""
    for number in range(export.part_count):
        with tenant_scope(export.tenant_id):
            packed = ExportPart.objects.values_list("packed", flat=True).get(export_id=export.pk, number=number)
        yield bytes(packed)


@transaction.atomic
def discard(export: Export, *, acting_user: Any) -> None:
    """Stop writing it, and take away what there is of it."""
    _record("lists.export_discarded", export, export.list_key, export.query, rows=export.rows, acting_user=acting_user)
    Export.objects.select_for_update().get(pk=export.pk).delete()


def ring_what_is_due() -> None:
    for tenant_id, pk in due(Export):
        ring(TASK, tenant_id, pk)


def purge() -> int:
    """Take away, in all tenants, what was kept long enough, and give up what never came to an end. Returns how many went."""
    now = timezone.now()
    with staff_scope():
        stuck = Export.objects.filter(due_at__isnull=False, asked_at__lt=now - PATIENCE)
        stuck.update(problem=Export.Problem.STUCK, due_at=None, lease_until=None)
        old = Export.objects.filter(asked_at__lt=now - KEPT - PATIENCE) | Export.objects.filter(expires_at__lt=now)
        gone, _by_model = Export.objects.filter(pk__in=old.order_by("pk").values("pk")[:500]).delete()
    return gone
