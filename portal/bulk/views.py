"""Bulk work: its list, a new one from a file or a selection, and one followed from its check to its end."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.bulk import batches, downloads
from portal.bulk.batches import NotNow
from portal.bulk.forms import ColumnsForm, UploadForm, options_form
from portal.bulk.models import Batch, BatchRow
from portal.bulk.progress import progress_of
from portal.bulk.registry import BatchKind, batch_kind
from portal.lists.registry import Selection, list_of
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.forms import PortalForm
from portal.ui.paging import keyset_page

LARGEST_ID = 2**63 - 1
SHOWN_OF_FILE = 5
# Which rows a page shows: those of these states.
TABS = {
    "mend": [BatchRow.State.BAD, BatchRow.State.REFUSED],
    "good": [BatchRow.State.GOOD],
    "promised": [BatchRow.State.PROMISED],
    "undone": [BatchRow.State.UNDONE],
}


@tenant_view(Role.OPERATOR)
@require_safe
def batches_page(request: TenantRequest) -> HttpResponse:
    page = keyset_page(Batch.objects.for_list(), cursor=request.GET.get("cursor", ""), size=50)
    return render(request, "bulk/batches.html", {"page": page})


# --- A new one ----------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
def new(request: TenantRequest, name: str) -> HttpResponse:
    """A file to import; its rows are kept, nothing else happens yet."""
    kind = _kind_of_file(request, name)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        batch = batches.begin_import(
            request.tenant,
            kind,
            form.table,
            form.cleaned_data["file"].name,
            form_key=form.form_key,
            acting_user=request.user,
        )
        return redirect("bulk:details", request.tenant.slug, batch.pk)
    context = {"kind": kind, "form": form, "back": _list_url(request, kind.list_key)}
    return render(request, "bulk/new.html", context, status=422 if form.is_bound else 200)


@tenant_view(Role.OPERATOR)
@require_safe
def template(request: TenantRequest, name: str) -> HttpResponse:
    return downloads.template_of(_kind_of_file(request, name))


def _kind_of_file(request: TenantRequest, name: str) -> BatchKind:
    kind = _allowed(request, batch_kind(name))
    if not kind.fields:
        raise Http404
    return kind


@tenant_view(Role.OPERATOR)
@require_POST
def choose(request: TenantRequest) -> HttpResponse:
    """Rows that were chosen in a list, and what is to be done with them: collected and checked in the background."""
    kind, spec = batch_kind(request.POST.get("kind", "")), list_of(request.POST.get("list", ""))
    if kind is None or spec is None or kind.fields or kind.list_key != spec.key:
        messages.error(request, _("Nothing was done: choose in a list what to do with its rows."))
        return redirect("bulk:batches", request.tenant.slug)
    if not request.membership.allows(spec.role):
        raise PermissionDenied
    _allowed(request, kind)
    everything = request.POST.get("everything") == "1"
    selection = Selection(request.POST.get("query", ""), _ids(request.POST.getlist("pk")), everything)
    if not selection.ids and not everything:
        messages.error(request, _("Nothing was chosen. Tick rows of the list first, then what to do with them."))
        return redirect(_list_url(request, spec.key, selection.query))
    batch = batches.begin_action(request.tenant, kind, selection, acting_user=request.user)
    return redirect("bulk:batch", request.tenant.slug, batch.pk)


def _ids(given: list[str]) -> tuple[int, ...]:
    """Whole numbers that can be ids; anything else chooses nothing."""
    numbers = (int(text) for text in given if text.isascii() and text.isdecimal() and len(text) < 20)
    return tuple(dict.fromkeys(number for number in numbers if number <= LARGEST_ID))


def _list_url(request: TenantRequest, key: str, query: str = "") -> str:
    spec = list_of(key)
    path = reverse(spec.url_name if spec else "bulk:batches", args=[request.tenant.slug])
    return f"{path}?{query}" if query else path


# --- One ----------------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
@require_safe
def batch(request: TenantRequest, pk: int) -> HttpResponse:
    found, kind = _find(request, pk)
    if found.state == Batch.State.DETAILS:
        return redirect("bulk:details", request.tenant.slug, pk)
    shown = _tab(request, found)
    context = {
        **_whole(request, found, kind),
        "shown": shown,
        "tabs": _tabs(found),
        "rows": _rows(request, found, shown),
    }
    return render(request, "bulk/batch.html", context)


@tenant_view(Role.OPERATOR)
@require_safe
def now(request: TenantRequest, pk: int) -> HttpResponse:
    """How it stands, for the page that watches it. In another state the whole page is another: it is loaded anew."""
    found, kind = _find(request, pk)
    if request.GET.get("seen") != found.state:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "bulk/_now.html", _whole(request, found, kind))


@tenant_view(Role.OPERATOR)
def details(request: TenantRequest, pk: int) -> HttpResponse:
    """Which column is what, and what holds for all rows; then it is checked. May be changed until it is started."""
    found, kind = _find(request, pk)
    if not found.unstarted:
        return redirect("bulk:batch", request.tenant.slug, pk)
    data = request.POST if request.method == "POST" else None
    form, options = ColumnsForm(data, kind=kind, batch=found), options_form(kind, found, data)
    if data is not None and form.is_valid() and (options is None or options.is_valid()):
        told = options.options_json() if options else {}
        return _say(request, found, lambda: batches.tell_details(found, form.columns, told))
    context = {"batch": found, "kind": kind, "form": form, "options": options, "sample": _sample(found)}
    return render(request, "bulk/details.html", context, status=422 if data is not None else 200)


def _sample(found: Batch) -> list[BatchRow]:
    return list(BatchRow.objects.of(found).order_by("line")[:SHOWN_OF_FILE]) if found.from_file else []


@tenant_view(Role.OPERATOR)
@require_safe
def to_mend(request: TenantRequest, pk: int) -> HttpResponse:
    """The rows that did not become what was asked for, as a file to mend and send again."""
    found, _kind = _find(request, pk)
    return downloads.rows_to_mend(found)


def _find(request: TenantRequest, pk: int) -> tuple[Batch, BatchKind]:
    found = get_object_or_404(Batch.objects.for_list(), pk=pk)
    found.tenant = request.tenant
    return found, _allowed(request, found.known_kind)


def _allowed(request: TenantRequest, kind: BatchKind | None) -> BatchKind:
    if kind is None:
        raise Http404
    if not request.membership.allows(kind.role):
        raise PermissionDenied
    return kind


def _whole(request: TenantRequest, found: Batch, kind: BatchKind) -> dict[str, Any]:
    told = found.waits_for or (found.state == Batch.State.READY and found.good)
    outlook = kind.outlook(found) if told else None
    return {
        "batch": found,
        "kind": kind,
        "progress": None if found.unstarted else progress_of(found, kind),
        "outlook": outlook,
        "outlook_text": render_to_string(outlook.template, dict(outlook.context), request) if outlook else "",
        "form": PortalForm(),
    }


def _tabs(found: Batch) -> list[tuple[str, str, int]]:
    """(name, label, how many rows) of the tables that have something in them."""
    counted = [
        ("mend", _("Not possible"), found.bad + found.refused),
        ("good", _("Will be done") if found.unstarted else _("Not asked for yet"), found.left),
        ("promised", _("Asked for"), found.promised),
        ("undone", _("Taken back"), found.undone),
    ]
    return [tab for tab in counted if tab[2] > 0]


def _tab(request: TenantRequest, found: Batch) -> str:
    """The table that is asked for, else the first that has rows."""
    names = [name for name, _label, _count in _tabs(found)]
    asked = request.GET.get("show", "")
    return asked if asked in names else next(iter(names), "")


def _rows(request: TenantRequest, found: Batch, shown: str) -> Any:
    if not shown or found.emptied_at or found.state == Batch.State.CHECKING:
        return None
    rows = BatchRow.objects.of(found).filter(state__in=TABS[shown]).select_related("operation")
    return keyset_page(rows, order=("line",), cursor=request.GET.get("cursor", ""), size=50)


# --- Acting -------------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
@require_POST
def start(request: TenantRequest, pk: int) -> HttpResponse:
    found, _kind = _find(request, pk)
    return _with_key(request, found, lambda: batches.start(found, acting_user=request.user))


@tenant_view(Role.OPERATOR)
@require_POST
def undo(request: TenantRequest, pk: int) -> HttpResponse:
    found, _kind = _find(request, pk)
    return _with_key(request, found, lambda: batches.undo(found, acting_user=request.user))


@tenant_view(Role.OPERATOR)
@require_POST
def discard(request: TenantRequest, pk: int) -> HttpResponse:
    found, _kind = _find(request, pk)
    return _with_key(request, found, lambda: batches.discard(found, acting_user=request.user))


def _with_key(request: TenantRequest, found: Batch, verb: Callable[[], None]) -> HttpResponse:
    """A press of a button of the page; what is pressed twice has moved on by then, and says so."""
    form = PortalForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for error in form.non_field_errors()))
        return redirect("bulk:batch", request.tenant.slug, found.pk)
    return _say(request, found, verb)


def _say(request: TenantRequest, found: Batch, verb: Callable[[], None]) -> HttpResponse:
    """Do it; or say why not, nothing having been done."""
    try:
        verb()
    except NotNow as reason:
        messages.info(request, str(reason))
    return redirect("bulk:batch", request.tenant.slug, found.pk)
