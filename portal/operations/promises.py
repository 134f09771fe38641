"""Making a promise: one operation in the journal, with the click that asked for it, in the caller's transaction."""

from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import models

from portal.audit.context import request_context
from portal.audit.trail import record
from portal.operations import bells
from portal.operations.models import Operation
from portal.operations.registry import Kind
from portal.vendors.models import Connection


class AlreadySubmitted(Exception):
    """The form with this one-time key was sent before; `operation` is what it became."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(f"form already sent as operation {operation.pk}")
        self.operation = operation


class TenantSuspended(Exception):
    """Nothing is promised for a suspended tenant."""


def submit(
    kind: Kind,
    *,
    connection: Connection,
    lane: str,
    label: str,
    payload: dict[str, Any],
    subject: models.Model,
    costs_money: bool = False,
    form_key: UUID | None = None,
    acting_user: Any,
) -> Operation:
    """Promise `kind` and ring for it after commit. Returns at once; the vendor is called later.

    `payload` holds what will be sent (no secrets), `subject` is the mirror row it is about. Call `once(form_key)` before
    writing that row. `acting_user` None is the portal itself.
    """
    if connection.tenant.suspended:
        raise TenantSuspended
    operation = Operation.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=kind.name,
        lane=lane,
        label=label[:254],
        payload=payload,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        costs_money=costs_money,
        form_key=form_key,
        request_id=request_context().request_id,
        created_by=acting_user,
    )
    record("operations.asked", operation, after=payload, acting_user=acting_user)
    bells.ring_after_commit(operation.tenant_id, connection.pk, lane)
    return operation


def once(tenant_id: int, form_key: UUID | None) -> None:
    """Let one form through once. Raises AlreadySubmitted; a simultaneous second click waits here for the first."""
    if form_key is None:
        return
    with database.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [tenant_id % 2**31, str(form_key)])
    if earlier := Operation.objects.filter(tenant_id=tenant_id, form_key=form_key).first():
        raise AlreadySubmitted(earlier)
