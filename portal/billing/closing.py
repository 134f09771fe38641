"""Closing a month: what was a draft is numbered, digested and kept for good."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from portal.audit.trail import record
from portal.billing.corrections import corrections_on
from portal.billing.document import Document
from portal.billing.drawing import draw
from portal.billing.lines import charged_lines, contracts_in, following, zones_of
from portal.billing.locking import lock_billing
from portal.billing.meters import Blocker, meter_kinds
from portal.billing.models import Contract, Statement
from portal.billing.months import month as month_of_year
from portal.billing.notices import month_closed
from portal.billing.refusals import Blocked, EarlierMonthOpen, LaterMonthClosed, MonthRunning, NothingToClose
from portal.billing.statements import document_of, store
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import StaffOnly


@transaction.atomic
def close(tenant: Tenant, month: date, *, acting_user: Any, force_reason: str = "") -> Statement:
    """Close the month that the day `month` lies in, in a scope that sees the tenant; a closed one is returned as it is.

    `acting_user` None is the portal itself, otherwise support staff, who may close what is blocked by giving a reason.
    Raises MonthRunning, LaterMonthClosed, EarlierMonthOpen, NothingToClose, StaffOnly, or Blocked with what stands in the way.
    """
    if acting_user is not None and not acting_user.is_staff:
        raise StaffOnly
    lock_billing(tenant.pk)
    first, now = month.replace(day=1), timezone.now()
    closed = Statement.objects.filter(tenant=tenant, month=first).first()
    if closed:
        return closed
    last = Statement.objects.filter(tenant=tenant).order_by("-sequence").first()
    _refuse_out_of_order(tenant, first, last, now)
    blockers = blockers_of(tenant.pk, first)
    if blockers and not (force_reason and acting_user):
        raise Blocked(first, blockers)
    document = draw(tenant, first, now=now)
    if not document.lines:
        raise NothingToClose(first)
    return _keep(tenant, document, last, acting_user, force_reason if blockers else "")


def _refuse_out_of_order(tenant: Tenant, first: date, last: Statement | None, now: datetime) -> None:
    if not is_over(tenant.pk, first, now):
        raise MonthRunning(first)
    if last and first < last.month:
        raise LaterMonthClosed(first)
    earlier = next_to_close(tenant, first)
    if earlier and earlier < first:
        raise EarlierMonthOpen(earlier)


def _keep(tenant: Tenant, draft: Document, last: Statement | None, acting_user: Any, reason: str) -> Statement:
    sequence = last.sequence + 1 if last else 1
    finished = replace(
        draft,
        number=Statement(month=draft.month, sequence=sequence).number,
        closed_at=draft.drawn_at,
        closed_by=str(acting_user) if acting_user else "",
        reason=reason,
        previous_digest=last.digest if last else "",
    )
    statement = store(tenant, finished, sequence=sequence, closed_by=acting_user)
    told = {"number": statement.number, "month": str(statement.month), "gross": str(statement.gross)}
    record(
        "billing.month_closed",
        statement,
        after={**told, "digest": statement.digest},
        reason=reason,
        acting_user=acting_user,
    )
    month_closed(statement)
    return statement


def blockers_of(tenant_id: int, first: date) -> list[Blocker]:
    """What stands in the way of closing the month, from every app that counts; in a scope that sees the tenant."""
    zones = zones_of(contracts_in(tenant_id, first))
    periods = [month_of_year(first.year, first.month, ZoneInfo(zone)) for zone in sorted(zones)]
    found = [each for kind in meter_kinds() for period in periods for each in kind.blockers(tenant_id, period)]
    return list({(str(blocker.text), blocker.url): blocker for blocker in found}.values())


def is_over(tenant_id: int, first: date, now: datetime) -> bool:
    """Is the month over in every zone that the tenant's contracts are in?"""
    zones = zones_of(contracts_in(tenant_id, first))
    return all(month_of_year(first.year, first.month, ZoneInfo(zone)).end <= now for zone in zones)


def next_to_close(tenant: Tenant, until: date) -> date | None:
    """The earliest open month with anything on its statement, up to the one that begins on `until`; None: no such month."""
    return next((first for first in open_months(tenant.pk, until) if _has_lines(tenant, first)), None)


def open_months(tenant_id: int, until: date) -> Iterator[date]:
    """First days of the months after the last statement, or from the first contract on; `until` without either."""
    last = Statement.objects.filter(tenant_id=tenant_id).order_by("-sequence").values_list("month", flat=True).first()
    first = following(last) if last else _first_contract(tenant_id, until)
    while first <= until:
        yield first
        first = following(first)


def _first_contract(tenant_id: int, until: date) -> date:
    days = Contract.objects.filter(tenant_id=tenant_id, starts_on__lt=until).order_by("starts_on")
    return (days.values_list("starts_on", flat=True).first() or until).replace(day=1)


def _has_lines(tenant: Tenant, first: date) -> bool:
    return bool(charged_lines(tenant.pk, first, contracts_in(tenant.pk, first)) or corrections_on(tenant.pk, first))


def document_for(tenant: Tenant, month: date, *, now: datetime) -> Document:
    """The month's statement where it is closed, else its draft."""
    first = month.replace(day=1)
    closed = Statement.objects.filter(tenant=tenant, month=first).first()
    return document_of(closed) if closed else draw(tenant, first, now=now)
