"""The live board."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role


@tenant_view(Role.VIEWER)
@require_safe
def board(request: TenantRequest) -> HttpResponse:
    return render(request, "realtime/board.html")
