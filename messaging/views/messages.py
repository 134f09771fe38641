"""Messages: searched by number over all campaigns, and one of them with all that was told of it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from messaging.campaigns.lookup import number_in
from messaging.lists import MESSAGES
from messaging.models import Message, OptOut, Report, Sending
from messaging.reports.codes import STATUS_WORDS, Meaning, meaning_of
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role

REPORTS_SHOWN = 50


@dataclass(frozen=True)
class Told:
    """A delivery report as it came, and what its status and code mean; `body` "" where texts are removed."""

    report: Report
    status: Any
    meaning: Meaning | None
    body: str


@tenant_view(Role.VIEWER)
@require_safe
def messages(request: TenantRequest) -> HttpResponse:
    asked = request.GET.get("q", "").strip()
    found = list_page(request, MESSAGES)
    number = number_in(asked) if asked else ""
    return render(request, "messaging/messages.html", {"asked": asked, "number": number, **found})


@tenant_view(Role.VIEWER)
@require_safe
def message(request: TenantRequest, pk: int) -> HttpResponse:
    barred = OptOut.objects.standing().filter(tenant=OuterRef("tenant"), number=OuterRef("number"))
    rows = Message.objects.select_related("campaign", "batch").annotate(barred=Exists(barred))
    found = get_object_or_404(rows.defer("campaign__audience", "campaign__plan"), pk=pk)
    removed_at = found.campaign.text_removed_at
    reports = Report.objects.filter(tenant=request.tenant, message_id=pk).order_by("-pk")[:REPORTS_SHOWN]
    context = {
        "message": found,
        "campaign": found.campaign,
        "text": "" if removed_at else found.text or found.campaign.text,
        "meaning": meaning_of(found.code),
        "tries": list(Sending.objects.filter(batch=found.batch).order_by("number")),
        "told": [_told(report, hidden=removed_at is not None) for report in reports],
    }
    return render(request, "messaging/message.html", context)


def _told(report: Report, *, hidden: bool) -> Told:
    body = "" if hidden else bytes(report.body).decode(errors="replace")
    return Told(report, STATUS_WORDS.get(report.status, report.status), meaning_of(report.code), body)
