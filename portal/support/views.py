"""The end of a visit, which is the visitor's own page; and a tenant's list of the visits that it had."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.support import visits as verbs
from portal.support.models import Visit
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.paging import keyset_page


@require_POST
@login_required
def end_visit(request: HttpRequest) -> HttpResponse:
    """End what this session holds; back to the company's page in the admin."""
    visit = verbs.held(request)
    verbs.leave(request)
    if visit is None:
        messages.info(request, _("There is no visit to end: its time was over."))
        return redirect("home")
    messages.success(request, _("The visit is ended."))
    return redirect("admin:tenancy_tenant_change", visit.tenant_id)


@tenant_view(Role.ADMIN)
@require_safe
def visits(request: TenantRequest) -> HttpResponse:
    """Who of support was here, when, as whom and why."""
    rows: Any = Visit.objects.of_tenant(request.tenant).select_related("staff", "as_user")
    page = keyset_page(rows, order=("-started_at", "-pk"), cursor=request.GET.get("cursor", ""))
    return render(request, "support/visits.html", {"page": page})
