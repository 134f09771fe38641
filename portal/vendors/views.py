"""Pages of connections and of the calls made over them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.vendors import connections as verbs
from portal.vendors import probing
from portal.vendors.explanations import explanation_of
from portal.vendors.forms import ConnectionForm, change_form, new_form
from portal.vendors.lists import CALLS, CONNECTIONS
from portal.vendors.models import Call, Connection
from portal.vendors.registry import Vendor, vendors

NEWEST_CALLS = 5


@tenant_view(Role.VIEWER)
@require_GET
def connections(request: TenantRequest) -> HttpResponse:
    found = list_page(request, CONNECTIONS)
    noticed = [each for each in found["page"].items if each.health.noticeable]
    context = {**found, "noticed_connections": noticed, "may_change": _may_change(request)}
    return render(request, "vendors/connections.html", context)


@tenant_view(Role.VIEWER)
@require_GET
def connection(request: TenantRequest, pk: int) -> HttpResponse:
    """One connection: its health, its quota, what the last test found."""
    found = _connection(pk)
    newest = Call.objects.filter(connection=found).order_by("-started_at", "-pk")
    may_read_calls = request.membership.allows(Role.OPERATOR)
    context = _health_context(request, found) | {
        "newest_calls": newest.select_related("connection")[:NEWEST_CALLS] if may_read_calls else [],
        "may_read_calls": may_read_calls,
    }
    return render(request, "vendors/connection.html", context)


@tenant_view(Role.VIEWER)
@require_GET
def connection_health(request: TenantRequest, pk: int) -> HttpResponse:
    """The page's own piece, polled while a test is under way."""
    return render(request, "vendors/_health.html", _health_context(request, _connection(pk)))


@tenant_view(Role.ADMIN)
@sensitive_post_parameters("client_id", "client_secret")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_new(request: TenantRequest) -> HttpResponse:
    spec = _chosen_vendor(request)
    if spec is None:
        return render(request, "vendors/choose_vendor.html", {"vendors": vendors()})
    form = new_form(spec, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = verbs.add_connection(
                request.tenant, spec.key, form.account, form_key=form.form_key, acting_user=request.user
            )
        except verbs.NameTaken:
            _say_name_taken(form)
        else:
            _start_test(request, added)
            return _to(request, added)
    return _form_page(request, form, spec=spec)


@tenant_view(Role.ADMIN)
@sensitive_post_parameters("client_id", "client_secret")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_edit(request: TenantRequest, pk: int) -> HttpResponse:
    found = _connection(pk)
    form = change_form(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.change_connection(found, form.account, acting_user=request.user)
        except verbs.NameTaken:
            _say_name_taken(form)
        else:
            messages.success(request, _("The connection was changed. Test it to see that it still works."))
            return _to(request, found)
    return _form_page(request, form, spec=found.spec, connection=found)


@tenant_view(Role.ADMIN)
@require_POST
def connection_enable(request: TenantRequest, pk: int) -> HttpResponse:
    found = _connection(pk)
    verbs.enable_connection(found, acting_user=request.user)
    messages.success(request, _("The connection is enabled. What was waiting goes on."))
    return _to(request, found)


@tenant_view(Role.ADMIN)
@require_POST
def connection_disable(request: TenantRequest, pk: int) -> HttpResponse:
    found = _connection(pk)
    verbs.disable_connection(found, acting_user=request.user)
    messages.success(request, _("The connection is disabled. No calls are made; what was asked for keeps waiting."))
    return _to(request, found)


@tenant_view(Role.ADMIN)
@require_POST
def connection_test(request: TenantRequest, pk: int) -> HttpResponse:
    """Starts a test and returns at once; a worker makes the call."""
    found = _connection(pk)
    _start_test(request, found)
    if request.headers.get("HX-Request"):
        return render(request, "vendors/_health.html", _health_context(request, _connection(pk)))
    return _to(request, found)


@tenant_view(Role.ADMIN)
@require_POST
def connection_version_noted(request: TenantRequest, pk: int) -> HttpResponse:
    found = _connection(pk)
    verbs.take_note_of_version(found, acting_user=request.user)
    return _to(request, found)


@tenant_view(Role.OPERATOR)
@require_GET
def calls(request: TenantRequest) -> HttpResponse:
    return render(request, "vendors/calls.html", list_page(request, CALLS))


@tenant_view(Role.OPERATOR)
@require_GET
def call(request: TenantRequest, pk: int) -> HttpResponse:
    return render(
        request, "vendors/call.html", {"call": get_object_or_404(Call.objects.select_related("connection"), pk=pk)}
    )


def _connection(pk: int) -> Connection:
    return get_object_or_404(Connection.objects.with_health(), pk=pk)


def _chosen_vendor(request: TenantRequest) -> Vendor | None:
    """The only one there is, or the one that was chosen."""
    known = {spec.key: spec for spec in vendors()}
    return next(iter(known.values())) if len(known) == 1 else known.get(request.GET.get("vendor", ""))


def _health_context(request: TenantRequest, found: Connection) -> dict[str, Any]:
    return {
        "connection": found,
        "health": found.health,
        "explanation": explanation_of(found),
        "test_under_way": probing.under_way(found.health),
        "test_lost": probing.lost(found.health),
        "may_change": _may_change(request),
    }


def _may_change(request: TenantRequest) -> bool:
    return request.membership.allows(Role.ADMIN) and not request.tenant.suspended


def _start_test(request: TenantRequest, found: Connection) -> None:
    """A test that is under way is as good as a new one."""
    try:
        probing.start_test(found, acting_user=request.user)
    except probing.TestUnderWay:
        messages.info(request, _("The connection is being tested already."))


def _say_name_taken(form: ConnectionForm) -> None:
    form.add_error("name", _("There is a connection of this name already. Nothing was saved; choose another name."))


def _form_page(request: TenantRequest, form: ConnectionForm, **context: Any) -> HttpResponse:
    return render(
        request, "vendors/connection_form.html", {"form": form, **context}, status=422 if form.errors else 200
    )


def _to(request: TenantRequest, found: Connection) -> HttpResponse:
    return redirect("vendors:connection", request.tenant.slug, found.pk)
