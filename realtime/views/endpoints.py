"""Outgoing webhooks: their addresses, and the log of what was sent there."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from portal.lists.pages import list_page
from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, first_time, status_of
from portal.ui.forms import PortalForm
from realtime.hooks import endpoints as verbs
from realtime.hooks.events import EVENTS
from realtime.hooks.forms import EndpointForm, endpoint_values
from realtime.hooks.lists import DELIVERIES
from realtime.hooks.models import Delivery, Endpoint

SHOWN = 10


@tenant_view(Role.ADMIN)
@require_safe
def endpoints(request: TenantRequest) -> HttpResponse:
    return render(
        request,
        "realtime/endpoints.html",
        {"endpoints": Endpoint.objects.defer("secret", "previous_secret").order_by("name")},
    )


@tenant_view(Role.ADMIN, reveals_secrets=True)
@never_cache
@sensitive_variables("secret", "made")
def endpoint_new(request: TenantRequest) -> HttpResponse:
    """A POST answers with the secret, shown this once."""
    form = EndpointForm(request.POST or None)
    if form.is_bound and form.is_valid():
        if not first_time(request, form):
            return redirect("realtime:endpoints", request.tenant.slug)
        told = [form.cleaned_data[name] for name in ("name", "url", "events")]
        try:
            made, secret = verbs.add_endpoint(request.tenant, *told, acting_user=request.user)
        except NotPromised as refusal:
            form.add_error("name", str(refusal))
        else:
            return _endpoint(request, made, secret)
    return render(request, "realtime/endpoint_form.html", {"form": form}, status=status_of(form))


@tenant_view(Role.ADMIN)
@require_safe
def endpoint(request: TenantRequest, pk: int) -> HttpResponse:
    return _endpoint(request, _find(pk))


@tenant_view(Role.ADMIN)
def endpoint_edit(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    form = EndpointForm(request.POST or None, initial=endpoint_values(found))

    def change() -> None:
        told = {name: form.cleaned_data[name] for name in ("name", "url", "events")}
        verbs.change_endpoint(found, **told, acting_user=request.user)

    if asked(form, change):
        return done(request, _("Changed. It holds for what happens from now on."), "realtime:endpoint", pk)
    return render(request, "realtime/endpoint_form.html", {"form": form, "endpoint": found}, status=status_of(form))


@tenant_view(Role.ADMIN, reveals_secrets=True)
@never_cache
@require_POST
@sensitive_variables("secret")
def endpoint_secret(request: TenantRequest, pk: int) -> HttpResponse:
    """A new secret, shown once for each form."""
    found, form = _find(pk), PortalForm(request.POST)
    if not form.is_valid() or not first_time(request, form):
        return redirect("realtime:endpoint", request.tenant.slug, pk)
    secret = verbs.rotate_secret(found, acting_user=request.user)
    return _endpoint(request, _find(pk), secret)


@tenant_view(Role.ADMIN)
@require_POST
def endpoint_enable(request: TenantRequest, pk: int) -> HttpResponse:
    verbs.enable_endpoint(_find(pk), acting_user=request.user)
    return done(request, _("Enabled. What was given up can be sent again one by one."), "realtime:endpoint", pk)


@tenant_view(Role.ADMIN)
@require_POST
def endpoint_disable(request: TenantRequest, pk: int) -> HttpResponse:
    verbs.disable_endpoint(_find(pk), acting_user=request.user)
    return done(request, _("Disabled. Nothing is sent there until it is enabled."), "realtime:endpoint", pk)


@tenant_view(Role.ADMIN)
@require_POST
def endpoint_test(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    try:
        verbs.try_endpoint(found, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return redirect("realtime:endpoint", request.tenant.slug, pk)
    return done(request, _("A test is on its way. What is answered shows in the log."), "realtime:endpoint", pk)


@tenant_view(Role.ADMIN)
@require_POST
def endpoint_delete(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    verbs.delete_endpoint(found, acting_user=request.user)
    return done(request, _("“%(name)s” is deleted, with its log.") % {"name": found}, "realtime:endpoints")


# --- The log --------------------------------------------------------------------------------------------------------------


@tenant_view(Role.ADMIN)
@require_safe
def deliveries(request: TenantRequest) -> HttpResponse:
    return render(request, "realtime/deliveries.html", list_page(request, DELIVERIES))


@tenant_view(Role.ADMIN)
@require_safe
def delivery(request: TenantRequest, pk: int) -> HttpResponse:
    return render(request, "realtime/delivery.html", {"delivery": _find_delivery(pk)})


@tenant_view(Role.ADMIN)
@require_POST
def delivery_resend(request: TenantRequest, pk: int) -> HttpResponse:
    try:
        verbs.resend(_find_delivery(pk), acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return redirect("realtime:delivery", request.tenant.slug, pk)
    return done(request, _("It is sent again, under the same ID."), "realtime:delivery", pk)


def _endpoint(request: TenantRequest, found: Endpoint, secret: str = "") -> HttpResponse:
    lately = Delivery.objects.filter(endpoint=found).defer("body").order_by("-pk")[:SHOWN]
    context = {
        "endpoint": found,
        "events": [EVENTS.get(name, name) for name in found.events],
        "deliveries": list(lately),
        "secret": secret,
        "confirm": PortalForm(),
    }
    return render(request, "realtime/endpoint.html", context)


def _find(pk: int) -> Endpoint:
    return get_object_or_404(Endpoint.objects.select_related("tenant"), pk=pk)


def _find_delivery(pk: int) -> Delivery:
    return get_object_or_404(Delivery.objects.select_related("endpoint"), pk=pk)
