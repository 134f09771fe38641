"""The audit trail of one tenant: who did what, when, from where, and what came of it."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.audit.acts import readable
from portal.audit.chain import head_of
from portal.audit.changes import changes_of
from portal.audit.forms import SEARCHED
from portal.audit.labels import label_of
from portal.audit.lists import ENTRIES
from portal.audit.models import Entry
from portal.audit.templatetags.audit import told
from portal.audit.timeline import Wanted, page_of, ref_of, told_to
from portal.audit.verification import anchor_of
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role


@tenant_view(Role.ADMIN)
@require_safe
def entries(request: TenantRequest) -> HttpResponse:
    context = list_page(request, ENTRIES)
    acts = [(entry, label_of(entry.action), changes_of(entry)) for entry in context["page"].items]
    head = head_of(request.tenant.pk)
    anchor = anchor_of(request.tenant.slug, head) if head else None
    searched = SEARCHED if context["form"].chosen().get("q") else 0
    context |= {"acts": acts, "head": head, "anchor": anchor, "searched": searched}
    return render(request, "audit/entries.html", context)


@tenant_view(Role.ADMIN)
@require_safe
def entry(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Entry.objects.of_tenant(request.tenant), pk=pk)
    ref = ref_of(found.object_type, found.object_id)
    context = {
        "entry": found,
        "act": label_of(found.action),
        "changes": changes_of(found),
        "ref": ref,
        "object_url": page_of(ref, request.membership),
    }
    return render(request, "audit/entry.html", context)


@tenant_view(Role.VIEWER)
@require_safe
def request_story(request: TenantRequest, request_id: str) -> HttpResponse:
    """Everything that came of one click. Members who may not read the trail are told of what has pages of its own."""
    reads_trail = request.membership.allows(Role.ADMIN)
    wanted = Wanted(request_id=request_id, readable=None if reads_trail else told_to(request.membership))
    clicked = readable(Entry.objects.of_tenant(request.tenant).filter(request_id=request_id), wanted)
    first = clicked.order_by("at", "pk").first()
    if first is None:
        raise Http404
    url = reverse("audit:request", args=[request.tenant.slug, request_id])
    context = {"first": first, "reads_trail": reads_trail, **told(request, wanted, url)}
    return render(request, "audit/request.html", context)
