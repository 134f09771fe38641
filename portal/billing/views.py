"""What a company's people see of its money: the running month, the closed ones, and all of them beside one another."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.audit.trail import record
from portal.billing.books import Books, books_of
from portal.billing.closing import blockers_of
from portal.billing.document import Document
from portal.billing.drawing import draw
from portal.billing.history import history_of
from portal.billing.history_page import choices_of, chosen_of
from portal.billing.lines import before, zone_of
from portal.billing.lists import STATEMENTS
from portal.billing.models import Statement
from portal.billing.months import BILLING_ZONE
from portal.billing.months import month as month_of_year
from portal.billing.pages import Face, month_name, shown_peaks
from portal.billing.papers.files import CONTENT_TYPES, file_of, filename
from portal.billing.statements import document_of
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role

FORMS = ("pdf", "xlsx", "csv", "json")
# The text that the digest is of, byte for byte.
CANONICAL = "canonical"


@tenant_view(Role.BILLING)
@require_safe
def this_month(request: TenantRequest) -> HttpResponse:
    """The draft of the running month, or of the one before while that is not closed."""
    now = timezone.now()
    books = books_of(request.tenant.pk, before(_running_month(now)))
    months = _open_months(request, books, now)
    month = _chosen_month(request, months)
    over = now >= month_of_year(month.year, month.month, zone_of(books.contracts_in(month))).end
    books = replace(books, closing=over)
    document = draw(request.tenant, month, now=now, books=books)
    context = {
        "document": document,
        "face": Face(document),
        "months": [(first, month_name(first), first == month) for first in months],
        "last": books.last,
        "over": over,
        "blockers": blockers_of(books, month) if over else [],
        "oldest_reading": min(filter(None, (line.reading.read_at for line in document.lines)), default=None),
    }
    return render(request, "billing/month.html", context | _lines(request, document, now, books.closed))


@tenant_view(Role.BILLING)
@require_safe
def statements(request: TenantRequest) -> HttpResponse:
    return render(request, "billing/statements.html", list_page(request, STATEMENTS))


@tenant_view(Role.BILLING)
@require_safe
def statement(request: TenantRequest, pk: int) -> HttpResponse:
    found = _statement(request, pk)
    document = document_of(found)
    corrections = Statement.objects.filter(lines__corrects=found).distinct().order_by("sequence").defer("canonical")
    context = {
        "statement": found,
        "document": document,
        "face": Face(document),
        "corrected_by": list(corrections),
        "canonical_name": _canonical_name(document),
        "check_command": f"sha256sum {_canonical_name(document)}",
    }
    others = Statement.objects.filter(tenant=request.tenant).only("pk", "month", "sequence")
    return render(request, "billing/statement.html", context | _lines(request, document, document.drawn_at, others))


@tenant_view(Role.BILLING)
@require_safe
def history(request: TenantRequest) -> HttpResponse:
    found = history_of(request.tenant.pk, _running_month(timezone.now()))
    context = {"history": found, "choices": choices_of(found), "shown": chosen_of(found, request.GET.get("of", ""))}
    return render(request, "billing/history.html", context)


@tenant_view(Role.BILLING)
@never_cache
@require_safe
def draft_file(request: TenantRequest, suffix: str) -> HttpResponse:
    if suffix not in FORMS:
        raise Http404
    now = timezone.now()
    books = books_of(request.tenant.pk, before(_running_month(now)))
    document = draw(request.tenant, _chosen_month(request, _open_months(request, books, now)), now=now, books=books)
    told = {"month": str(document.month), "form": suffix, "draft": True}
    record("billing.statement_downloaded", request.tenant, after=told, acting_user=request.user)
    return _file(file_of(document, suffix, get_language() or "en"), filename(document, suffix), CONTENT_TYPES[suffix])


@tenant_view(Role.BILLING)
@never_cache
@require_safe
def statement_file(request: TenantRequest, pk: int, suffix: str) -> HttpResponse:
    if suffix not in (*FORMS, CANONICAL):
        raise Http404
    found = _statement(request, pk)
    document = document_of(found)
    told = {"number": found.number, "form": suffix}
    record("billing.statement_downloaded", found, after=told, acting_user=request.user)
    if suffix == CANONICAL:
        return _file(found.canonical.encode(), _canonical_name(document), CONTENT_TYPES["json"])
    return _file(file_of(document, suffix, get_language() or "en"), filename(document, suffix), CONTENT_TYPES[suffix])


def _file(content: bytes, name: str, content_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def _canonical_name(document: Document) -> str:
    return filename(document, "canonical.json")


def _statement(request: TenantRequest, pk: int) -> Statement:
    return get_object_or_404(Statement, tenant=request.tenant, pk=pk)


def _running_month(now: datetime) -> date:
    return now.astimezone(BILLING_ZONE).date().replace(day=1)


def _open_months(request: TenantRequest, books: Books, now: datetime) -> list[date]:
    """First days: the running month, after the one before it while that waits to be closed."""
    running = _running_month(now)
    previous = before(running)
    known_since = request.tenant.created_at.astimezone(BILLING_ZONE).date()
    waits = books.last.month < previous if books.last else known_since < running
    return [previous, running] if waits else [running]


def _chosen_month(request: TenantRequest, months: list[date]) -> date:
    asked = request.GET.get("month", "")
    return next((first for first in months if f"{first:%Y-%m}" == asked), months[-1])


def _lines(request: TenantRequest, document: Document, now: datetime, closed: Iterable[Statement]) -> dict[str, Any]:
    """The pictures of a statement's peaks, and where those of the `closed` ones are that it corrects, by their numbers."""
    peaks = shown_peaks(document, request.tenant.slug, now, request.GET.get("line", ""))
    unshown = sum(line.kind == "peak" for line in document.lines) - len(peaks)
    numbers = {line.corrects for line in document.lines if line.corrects}
    corrected = {each.number: _address(request, each) for each in closed if each.number in numbers} if numbers else {}
    return {"peaks": peaks, "unshown": unshown, "corrected": corrected}


def _address(request: TenantRequest, statement: Statement) -> str:
    return reverse("billing:statement", args=[request.tenant.slug, statement.pk])
