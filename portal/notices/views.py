"""The pages of notices: what there is to read, the way to what each is about, and how one wants to be told."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.notices.bell import reader_id
from portal.notices.forms import PreferencesForm
from portal.notices.models import Delivery, DeliveryQuerySet, Notice
from portal.notices.preferences import choices_of, choose
from portal.notices.reading import mark_all_read, mark_read
from portal.notices.registry import kinds_for
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.paging import keyset_page

SIZE = 30


@tenant_view(Role.VIEWER)
@require_safe
def notices(request: TenantRequest) -> HttpResponse:
    """The newest first; `?show=open` those that still need somebody."""
    only_open = request.GET.get("show") == "open"
    page = keyset_page(_listed(request, only_open), order=("-pk",), cursor=request.GET.get("cursor", ""), size=SIZE)
    any_unread = any(delivery.unread for delivery in page.items)
    context = {"page": page, "only_open": only_open, "any_unread": any_unread}
    # Notices tell times in their words.
    with timezone.override(request.tenant.zone):
        return render(request, "notices/notices.html", context)


def _listed(request: TenantRequest, only_open: bool) -> DeliveryQuerySet:
    mine = Delivery.objects.in_portal(reader_id(request)).select_related("notice")
    return mine.needing_somebody() if only_open else mine


@tenant_view(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def open_notice(request: TenantRequest, pk: int) -> HttpResponse:
    """On to the page that it is about, and read with that; links in mails come by here. POST only marks it as read."""
    notice, slug = get_object_or_404(Notice, pk=pk), request.tenant.slug
    if request.method != "HEAD":
        mark_read(request.membership, notice.pk)
    target = "" if request.method == "POST" else notice.url_in(slug)
    return redirect(target or reverse("notices:notices", args=[slug]))


@tenant_view(Role.VIEWER)
@require_POST
def read_all(request: TenantRequest) -> HttpResponse:
    mark_all_read(request.membership)
    messages.success(request, _("All notices are marked as read."))
    return redirect("notices:notices", request.tenant.slug)


@tenant_view(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: TenantRequest) -> HttpResponse:
    kinds = kinds_for(request.membership.role)
    form = PreferencesForm(request.POST or None, kinds=kinds, choices=choices_of(request.membership, kinds))
    if request.method == "POST" and form.is_valid():
        choose(request.membership, form.chosen())
        messages.success(request, _("Saved. It holds for what happens from now on."))
        return redirect("notices:preferences", request.tenant.slug)
    return render(request, "notices/preferences.html", {"form": form}, status=422 if form.errors else 200)
