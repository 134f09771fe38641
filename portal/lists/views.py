"""Saved filters of lists. Exports have their own views."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal.lists.addresses import asked_of, joined
from portal.lists.forms import KeyForm, SavedFilterForm
from portal.lists.models import SavedFilter
from portal.lists.pages import address
from portal.lists.registry import ListSpec, list_of
from portal.lists.saved import MOST_PER_LIST, TooMany, delete_filter, save_filter
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role


@tenant_view(Role.VIEWER)
@require_POST
def filter_save(request: TenantRequest, key: str) -> HttpResponse:
    spec, form = open_list(request, key), SavedFilterForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The filter was not saved: give it a name of at most 60 letters."))
        return _to_list(request, spec, "")
    asked = asked_of(spec, form.cleaned_data["query"], request.tenant)
    if not asked.view or not asked.valid:
        messages.error(request, _("The filter was not saved: it chooses nothing that can be understood."))
        return _to_list(request, spec, "")
    name, shared = form.cleaned_data["name"], form.cleaned_data["shared"]
    try:
        save_filter(spec, name, asked.view, shared=shared, member=request.membership, acting_user=request.user)
        messages.success(request, _("“%(name)s” is kept above the list.") % {"name": name})
    except TooMany:
        text = ngettext(
            "The filter was not saved: you keep %(n)d of this list already. Delete one first.",
            "The filter was not saved: you keep %(n)d of this list already. Delete one first.",
            MOST_PER_LIST,
        )
        messages.error(request, text % {"n": MOST_PER_LIST})
    return _to_list(request, spec, joined(form.cleaned_data["fixed"], asked.view))


@tenant_view(Role.VIEWER)
@require_POST
def filter_delete(request: TenantRequest, pk: int) -> HttpResponse:
    kept = get_object_or_404(SavedFilter, pk=pk, tenant=request.tenant)
    spec = open_list(request, kept.list_key)
    if not KeyForm(request.POST).is_valid():
        messages.error(request, _("Nothing was changed. Reload the page and try again."))
        return _to_list(request, spec, kept.query)
    try:
        delete_filter(kept, member=request.membership, acting_user=request.user)
    except SavedFilter.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The filter “%(name)s” is deleted.") % {"name": kept.name})
    return _to_list(request, spec, "")


def open_list(request: TenantRequest, key: str) -> ListSpec:
    """The list `key`, for who may see it. Raises Http404 for one that is not there, PermissionDenied for a weak role."""
    spec = list_of(key)
    if spec is None:
        raise Http404
    if not request.membership.allows(spec.role):
        raise PermissionDenied
    return spec


def _to_list(request: TenantRequest, spec: ListSpec, query: str) -> HttpResponse:
    return redirect(address(reverse(spec.url_name, args=[request.tenant.slug]), query))
