"""What was sent day by day."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from messaging.days import Day, days_of, total_of
from portal.audit.trail import record
from portal.billing.lines import before, following
from portal.lists import csv_text
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role


@tenant_view(Role.VIEWER)
@require_safe
def days(request: TenantRequest) -> HttpResponse:
    first = _month(request)
    rows = days_of(request.tenant, first)
    running = _today(request).replace(day=1)
    context = {
        "days": rows,
        "total": total_of(rows),
        "several": len({row.connection for row in rows}) > 1,
        "month": first,
        "month_name": date_format(first, "F Y"),
        "before": before(first),
        "after": following(first) if first < running else None,
    }
    return render(request, "messaging/days.html", context)


@tenant_view(Role.VIEWER)
@require_safe
def days_csv(request: TenantRequest) -> HttpResponse:
    first, zone = _month(request), request.tenant.zone
    labels = [str(label) for label in (_("Day"), _("Connection"), _("Messages"), _("Parts"), _("Delivered"))]
    labels += [str(label) for label in (_("Delivered (%)"), _("Failed"), _("No end told yet"), _("Unknown"), _("EUR"))]
    rows = [_cells(row) for row in days_of(request.tenant, first)]
    after = {"month": f"{first:%Y-%m}", "lines": len(rows)}
    record("messaging.days_exported", request.tenant, after=after, acting_user=request.user)
    headers = {"Content-Disposition": f'attachment; filename="sms-{request.tenant.slug}-{first:%Y-%m}.csv"'}
    return HttpResponse(csv_text.table(labels, rows, zone), content_type=csv_text.CONTENT_TYPE, headers=headers)


def _cells(row: Day) -> list[object]:
    told = [row.day, row.connection, row.messages, row.parts, row.delivered, row.delivered_percent]
    return [*told, row.failed, row.open, row.unknown, row.eur]


def _month(request: TenantRequest) -> date:
    """The first day of the month that the address names, else of the running one."""
    year, _dash, number = request.GET.get("month", "").partition("-")
    running = _today(request).replace(day=1)
    try:
        return min(date(max(2000, int(year)), int(number), 1), running)
    except ValueError:
        return running


def _today(request: TenantRequest) -> date:
    return timezone.now().astimezone(request.tenant.zone).date()
