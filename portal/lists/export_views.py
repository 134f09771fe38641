"""Lists as CSV files: at once where they are small, else on a page that follows the file until it is ready."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.lists import exports
from portal.lists.addresses import Asked, asked_of
from portal.lists.csv_text import CONTENT_TYPE
from portal.lists.forms import KeyForm
from portal.lists.models import Export
from portal.lists.pages import address
from portal.lists.registry import ListSpec
from portal.lists.views import open_list
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role

SHOWN = 50


@tenant_view(Role.VIEWER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: TenantRequest, key: str) -> HttpResponse:
    """The list as the address filters and sorts it. A large one is asked for on a page, and written in the background."""
    spec = open_list(request, key)
    asked = asked_of(spec, request.META.get("QUERY_STRING", ""), request.tenant)
    if not asked.valid:
        messages.error(request, _("Nothing was exported: a filter is not understood. Mend it first."))
        return redirect(_list_address(request, spec, asked))
    if request.method == "POST":
        return _ask(request, spec, asked)
    if request.method == "HEAD":
        return HttpResponse(content_type=CONTENT_TYPE)
    found = exports.small_csv(spec, asked, request.tenant, acting_user=request.user)
    if found is None:
        return _ask_page(request, spec, asked)
    return HttpResponse(found, content_type=CONTENT_TYPE, headers=_as_file(key, request, "csv"))


def _ask(request: TenantRequest, spec: ListSpec, asked: Asked) -> HttpResponse:
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _ask_page(request, spec, asked, form, status=422)
    try:
        made = exports.ask_export(spec, asked.whole, request.tenant, form_key=form.form_key, acting_user=request.user)
    except exports.TooManyUnderWay:
        form.add_error(None, _("Some of your exports are still being written. Wait for one of them, or discard it."))
        return _ask_page(request, spec, asked, form, status=422)
    return redirect("lists:exported", request.tenant.slug, made.pk)


def _ask_page(
    request: TenantRequest, spec: ListSpec, asked: Asked, form: KeyForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "spec": spec,
        "form": form or KeyForm(),
        "filtered": bool(asked.query),
        "at_once": exports.AT_ONCE,
        "cancel_url": _list_address(request, spec, asked),
    }
    return render(request, "lists/export_ask.html", context, status=status)


@tenant_view(Role.VIEWER)
@require_safe
def exported_files(request: TenantRequest) -> HttpResponse:
    """The newest ones that the member may see."""
    found = exports.visible_to(request.membership).order_by("-asked_at", "-pk")[:SHOWN]
    return render(
        request, "lists/exports.html", {"exports": found, "all_of_them": request.membership.allows(Role.ADMIN)}
    )


def of_export(view: Callable[[TenantRequest, Export], Any]) -> Callable[..., Any]:
    """A view of one export: for who asked for it and for admins, as long as the list is for them. Others are told so."""

    @wraps(view)
    def guarded(request: TenantRequest, pk: int) -> Any:
        found = get_object_or_404(Export.objects.select_related("asked_by", "tenant"), pk=pk, tenant=request.tenant)
        if found.asked_by_id != request.user.pk and not request.membership.allows(Role.ADMIN):
            messages.error(request, _("That file is for who asked for it, and for admins."))
            return redirect("lists:exports", request.tenant.slug)
        if found.spec is not None:
            open_list(request, found.list_key)
        return view(request, found)

    return guarded


@tenant_view(Role.VIEWER)
@require_safe
@of_export
def exported(request: TenantRequest, found: Export) -> HttpResponse:
    return render(request, "lists/export.html", _whole(request, found))


@tenant_view(Role.VIEWER)
@require_safe
@of_export
def exported_now(request: TenantRequest, found: Export) -> HttpResponse:
    """The page's own piece, polled while the file is written."""
    return render(request, "lists/_export.html", _whole(request, found))


@tenant_view(Role.VIEWER)
@never_cache
@require_safe
@of_export
def export_file(request: TenantRequest, found: Export) -> Any:
    """The finished file, as text or (`?packed=1`) as it is kept, in gzip."""
    if not found.ready:
        return redirect("lists:exported", request.tenant.slug, found.pk)
    packed = "packed" in request.GET
    if request.method == "GET":
        exports.record_download(found, acting_user=request.user)
    response = StreamingHttpResponse(
        exports.packed_parts(found) if packed else exports.plain_parts(found),
        content_type="application/gzip" if packed else CONTENT_TYPE,
        headers=_as_file(found.list_key, request, "csv.gz" if packed else "csv", found),
    )
    response["Content-Length"] = found.packed_size if packed else found.size
    return response


@tenant_view(Role.VIEWER)
@require_POST
@of_export
def export_discard(request: TenantRequest, found: Export) -> HttpResponse:
    if not KeyForm(request.POST).is_valid():
        messages.error(request, _("Nothing was changed. Reload the page and try again."))
        return redirect("lists:exported", request.tenant.slug, found.pk)
    exports.discard(found, acting_user=request.user)
    messages.success(request, _("The export is discarded."))
    return redirect("lists:exports", request.tenant.slug)


def _whole(request: TenantRequest, found: Export) -> dict[str, Any]:
    spec = found.spec
    list_url = reverse(spec.url_name, args=[request.tenant.slug]) if spec else ""
    return {
        "export": found,
        "form": KeyForm(),
        "list_url": list_url and address(list_url, found.query),
        "took": found.finished_at - found.started_at if found.finished_at and found.started_at else None,
    }


def _list_address(request: TenantRequest, spec: ListSpec, asked: Asked) -> str:
    return address(reverse(spec.url_name, args=[request.tenant.slug]), asked.whole)


def _as_file(key: str, request: TenantRequest, ending: str, found: Export | None = None) -> dict[str, str]:
    """Named after list, company and the moment it was begun, so that two of them are told apart in a folder."""
    began = (found and found.started_at) or timezone.now()
    name = f"{key.rpartition('.')[2]}-{request.tenant.slug}-{began.astimezone(request.tenant.zone):%Y-%m-%d-%H%M}"
    return {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "X-Content-Type-Options": "nosniff"}
