"""How the delivery reports of a connection are doing: silent or not, refused posts, and what was never told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from messaging.models import Report, SmsAccount, UnverifiedReport
from messaging.reports.models import REASONS
from messaging.reports.watching import overdue
from messaging.views.desk import Desk, desk_of, no_connection, page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.paging import keyset_page

SHOWN = 20
LATELY = timedelta(days=7)
ODD = [Report.Outcome.NO_MESSAGE, Report.Outcome.NOT_UNDERSTOOD, Report.Outcome.ELSEWHERE]


@tenant_view(Role.VIEWER)
@require_safe
def reports_health(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    late = overdue(desk.connection.pk).select_related("campaign")
    found = keyset_page(late, order=("-reports_due_at", "-pk"), cursor=request.GET.get("cursor", ""))
    return page(request, "messaging/reports_health.html", desk, page=found, **_lately(desk))


def _lately(desk: Desk) -> dict[str, Any]:
    """Refused posts, and reports that were not followed; one query."""
    since = timezone.now() - LATELY
    refused = UnverifiedReport.objects.filter(connection=desk.connection, day__gte=since.date())
    odd = Report.objects.filter(connection=desk.connection, received_at__gte=since, outcome__in=ODD)
    rows = SmsAccount.objects.filter(pk=desk.account.pk).values_list(
        ArraySubquery(
            refused.order_by("-day", "reason").values(row=JSONObject(day="day", reason="reason", count="count"))[:SHOWN]
        ),
        ArraySubquery(
            odd.order_by("-received_at", "-pk").values(
                row=JSONObject(at="received_at", outcome="outcome", status="status", code="code", more="more")
            )[:SHOWN]
        ),
    )
    turned_away, strange = rows.get()
    return {"refused": [_refused(row) for row in turned_away], "odd": [_odd(row) for row in strange]}


def _refused(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"day": row["day"], "count": row["count"], "why": REASONS.get(row["reason"], row["reason"])}


def _odd(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "at": parse_datetime(row["at"]), "why": Report.Outcome(row["outcome"]).label}
