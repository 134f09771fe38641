"""The audit trail of one tenant: who did what, when, from where."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from portal.audit.changes import changes_of
from portal.audit.forms import EntryFilter
from portal.audit.labels import label_of
from portal.audit.models import Entry
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.formats import zone_of
from portal.ui.paging import keyset_page


@tenant_view(Role.ADMIN)
@require_safe
def entries(request: TenantRequest) -> HttpResponse:
    form = EntryFilter(request.GET)
    page = keyset_page(
        form.narrow(Entry.objects.of_tenant(request.tenant), zone_of(request)),
        order=("-at", "-pk"),
        cursor=request.GET.get("cursor", ""),
    )
    acts = [(entry, label_of(entry.action), changes_of(entry)) for entry in page.items]
    context = {"form": form, "page": page, "acts": acts, "filtered": bool(form.chosen())}
    return render(request, "audit/entries.html", context)


@tenant_view(Role.ADMIN)
@require_safe
def entry(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Entry.objects.of_tenant(request.tenant), pk=pk)
    return render(
        request, "audit/entry.html", {"entry": found, "act": label_of(found.action), "changes": changes_of(found)}
    )
