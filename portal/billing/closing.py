"""Closing a month: what was a draft is numbered, digested and kept for good."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from portal.audit.trail import record
from portal.billing.books import Books, books_of
from portal.billing.document import Document
from portal.billing.drawing import draw, lines_in
from portal.billing.lines import following, zones_of
from portal.billing.locking import lock_billing
from portal.billing.meters import Blocker, meter_kinds
from portal.billing.models import Statement
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
    books = books_of(tenant.pk, first, closing=True)
    _refuse_out_of_order(tenant, first, books, now)
    blockers = blockers_of(books, first)
    if blockers and not (force_reason and acting_user):
        raise Blocked(first, blockers)
    document = draw(tenant, first, now=now, books=books)
    if not document.lines:
        raise NothingToClose(first)
    return _keep(tenant, document, books.last, acting_user, force_reason if blockers else "")


def _refuse_out_of_order(tenant: Tenant, first: date, books: Books, now: datetime) -> None:
    if not is_over(books, first, now):
        raise MonthRunning(first)
    if books.last and first < books.last.month:
        raise LaterMonthClosed(first)
    earlier = next_to_close(tenant, first, books)
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


def blockers_of(books: Books, first: date) -> list[Blocker]:
    """What stands in the way of closing the month, from every app that counts; in a scope that sees the tenant."""
    zones = zones_of(books.contracts_in(first))
    periods = [month_of_year(first.year, first.month, ZoneInfo(zone)) for zone in sorted(zones)]
    found = [each for kind in meter_kinds() for period in periods for each in books.meters(kind).blockers(period)]
    return list({(str(blocker.text), blocker.url): blocker for blocker in found}.values())


def is_over(books: Books, first: date, now: datetime) -> bool:
    """Is the month over in every zone that the tenant's contracts are in?"""
    zones = zones_of(books.contracts_in(first))
    return all(month_of_year(first.year, first.month, ZoneInfo(zone)).end <= now for zone in zones)


def next_to_close(tenant: Tenant, until: date, books: Books | None = None) -> date | None:
    """The earliest open month with anything on its statement, up to the one that begins on `until`; None: no such month."""
    books = books or books_of(tenant.pk, until)
    return next((first for first in open_months(books, until) if lines_in(books, first)), None)


def open_months(books: Books, until: date) -> Iterator[date]:
    """First days of the months after the last statement, or from the first contract on; `until` without either."""
    first = following(books.last.month) if books.last else _first_contract(books, until)
    while first <= until:
        yield first
        first = following(first)


def _first_contract(books: Books, until: date) -> date:
    return min((each.starts_on for each in books.contracts if each.starts_on < until), default=until).replace(day=1)


def document_for(tenant: Tenant, month: date, *, now: datetime) -> Document:
    """The month's statement where it is closed, else its draft."""
    first = month.replace(day=1)
    closed = Statement.objects.filter(tenant=tenant, month=first).first()
    return document_of(closed) if closed else draw(tenant, first, now=now)
