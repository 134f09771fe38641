"""Forms to be called back, for those who make them; and the visitors who used them."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, may, status_of
from portal.vendors.models import Connection
from realtime.callback import keeping
from realtime.callback.forms import DAYS, CallbackFormForm, form_values
from realtime.callback.hours import span_text
from realtime.callback.lists import CALLBACK_REQUESTS
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.connecting import KWEBBL
from realtime.extensions.models import Extension


@tenant_view(Role.VIEWER)
@require_safe
def callback_requests(request: TenantRequest) -> HttpResponse:
    found = {**list_page(request, CALLBACK_REQUESTS), "may_administer": may(request, Role.ADMIN)}
    return render(request, "realtime/callback_requests.html", found)


@tenant_view(Role.VIEWER)
@require_safe
def callback_request(request: TenantRequest, pk: int) -> HttpResponse:
    rows = CallbackRequest.objects.select_related("form__agent", "action__call", "tenant")
    return render(request, "realtime/callback_request.html", {"asked": get_object_or_404(rows, pk=pk)})


@tenant_view(Role.ADMIN)
@require_safe
def callback_forms(request: TenantRequest) -> HttpResponse:
    context = {"forms": CallbackForm.objects.select_related("agent").order_by("name"), "connected": _connected()}
    return render(request, "realtime/callback_forms.html", context)


@tenant_view(Role.ADMIN)
@require_safe
def callback_form(request: TenantRequest, pk: int) -> HttpResponse:
    """What it is like, and the lines to embed it by."""
    found = _find(pk)
    days = [(label, span_text(span)) for label, span in zip(DAYS, found.hours, strict=False)]
    address = settings.PORTAL_URL + reverse("callback_form", args=[found.public_id])
    return render(request, "realtime/callback_form.html", {"found": found, "days": days, "address": address})


@tenant_view(Role.ADMIN)
def callback_form_new(request: TenantRequest) -> HttpResponse:
    if not _connected():
        return render(request, "realtime/callback_no_connection.html")
    form = CallbackFormForm(request.POST or None, agents=_agents())
    if asked(form, lambda: keeping.add_form(acting_user=request.user, **form.values)):
        return done(request, _("The form is there. Embed it by the lines on its page."), "realtime:callback_forms")
    return _page(request, form, _("New call-me-back form"))


@tenant_view(Role.ADMIN)
def callback_form_edit(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    form = CallbackFormForm(request.POST or None, agents=_agents(), initial=form_values(found))
    if asked(form, lambda: keeping.change_form(found, acting_user=request.user, **form.values)):
        return done(request, _("The form is changed."), "realtime:callback_form", pk)
    return _page(request, form, _("Change the form"), found=found)


@tenant_view(Role.ADMIN)
@require_POST
def callback_form_delete(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    keeping.delete_form(found, acting_user=request.user)
    return done(
        request, _("The form “%(name)s” is deleted, with its requests.") % {"name": found}, "realtime:callback_forms"
    )


def _page(request: TenantRequest, form: Any, title: str, **more: Any) -> HttpResponse:
    context = {"form": form, "title": title, **more}
    return render(request, "realtime/callback_form_edit.html", context, status=status_of(form))


def _find(pk: int) -> CallbackForm:
    return get_object_or_404(CallbackForm.objects.select_related("agent", "connection", "tenant"), pk=pk)


def _connected() -> bool:
    return Connection.objects.filter(vendor=KWEBBL.key).exists()


def _agents() -> QuerySet[Extension]:
    """Of all of the company's telephone systems."""
    return Extension.objects.filter(gone_at=None).select_related("connection").order_by("name", "pk")
