"""Campaigns: the list, and one of them followed while it is sent."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from messaging.models import Campaign
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role


@tenant_view(Role.VIEWER)
@require_safe
def campaigns(request: TenantRequest) -> HttpResponse:
    return render(request, "messaging/campaigns.html", {"campaigns": Campaign.objects.for_list()[:50]})
