"""The case file at a tenant's own door."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from portal.operations.models import Operation
from portal.support.case_file import download
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role


@tenant_view(Role.OPERATOR)
@require_safe
def case_file(request: TenantRequest, pk: int) -> HttpResponse:
    """A text to send to the vendor about one operation, as a download."""
    found = get_object_or_404(Operation.objects.for_story(), pk=pk)
    found.tenant = request.tenant
    return download(found, acting_user=request.user)
