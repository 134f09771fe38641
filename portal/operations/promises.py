"""Making promises: operations in the journal, with the click that asked for them, in the caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import models

from portal.audit.context import request_context
from portal.audit.trail import record, record_many
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


@dataclass(frozen=True)
class Promise:
    """What is promised: `payload` holds what will be sent (no secrets), `subject` is the mirror row it is about.

    `lane` where promises that are made together have lanes of their own.
    """

    subject: models.Model
    label: str
    payload: dict[str, Any]
    lane: str = ""


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

    `payload` and `subject` as in `Promise`. Call `once(form_key)` before writing that row. `acting_user` None is the portal
    itself.
    """
    operation = _operation(kind, connection, lane, Promise(subject, label, payload), acting_user)
    operation.costs_money, operation.form_key = costs_money, form_key
    operation.save(force_insert=True)
    record("operations.asked", operation, after=payload, acting_user=acting_user)
    bells.ring_after_commit(operation.tenant_id, connection.pk, lane)
    return operation


def submit_many(
    kind: Kind, *, connection: Connection, lane: str = "", promises: Iterable[Promise], acting_user: Any
) -> list[Operation]:
    """As `submit`, many at once, in their order, by few statements and a bell for each lane. Not for what costs money.

    All of them in `lane`, or each in its own.
    """
    operations = [_operation(kind, connection, promise.lane or lane, promise, acting_user) for promise in promises]
    if not operations:
        return []
    operations = Operation.objects.bulk_create(operations)
    asked = [(operation, operation.payload) for operation in operations]
    record_many("operations.asked", asked, acting_user=acting_user)
    for each in dict.fromkeys(operation.lane for operation in operations):
        bells.ring_after_commit(connection.tenant_id, connection.pk, each)
    return operations


def _operation(kind: Kind, connection: Connection, lane: str, promise: Promise, acting_user: Any) -> Operation:
    if connection.tenant.suspended:
        raise TenantSuspended
    return Operation(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=kind.name,
        lane=lane,
        label=promise.label[:254],
        payload=promise.payload,
        subject_type=promise.subject._meta.label_lower,
        subject_id=promise.subject.pk,
        request_id=request_context().request_id,
        created_by=acting_user,
    )


def once(tenant_id: int, form_key: UUID | None) -> None:
    """Let one form through once. Raises AlreadySubmitted; a simultaneous second click waits here for the first."""
    if form_key is None:
        return
    wait_for_twin(tenant_id, form_key)
    if earlier := Operation.objects.filter(tenant_id=tenant_id, form_key=form_key).first():
        raise AlreadySubmitted(earlier)


def wait_for_twin(tenant_id: int, form_key: UUID | None) -> None:
    """Until the transaction ends, nobody else gets past here with this form; who comes second sees what the first did."""
    if form_key is None:
        return
    with database.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [tenant_id % 2**31, str(form_key)])
