"""The pages of the support desk, at /admin/desk/: everything that needs a person, and one group of it."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.operations.evidence import row_of, with_evidence
from portal.operations.models import Operation
from portal.operations.registry import stakes_of
from portal.support.case_file import download
from portal.support.desk import Pile, desk, operations_of, since
from portal.support.desk_groups import Group
from portal.support.desk_inboxes import inboxes
from portal.ui.paging import keyset_page

PAGE = 50


def panel(request: HttpRequest) -> dict[str, Any]:
    """What the desk's template wants to know; the admin's first page has it too."""
    return {"piles": desk(), "inboxes": inboxes(request)}


@require_safe
def desk_page(request: HttpRequest) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": _("Support desk"), **panel(request)}
    return render(request, "support/desk/desk.html", context)


@require_safe
def group_page(request: HttpRequest, name: str) -> HttpResponse:
    """All operations of one group, oldest first, a page at a time."""
    group = _group(name)
    operations = with_evidence(operations_of(group))
    page = keyset_page(operations, order=(since(group), "pk"), cursor=request.GET.get("cursor", ""), size=PAGE)
    stakes = {} if group is Group.REFUSED else stakes_of(page.items)
    rows = [row_of(operation, stakes) for operation in page.items]
    context = {
        **admin.site.each_context(request),
        "title": group.words.title,
        "pile": Pile(group, rows, len(rows)),
        "page": page,
    }
    return render(request, "support/desk/group.html", context)


def _group(name: str) -> Group:
    """Raises Http404 for one that is none, or whose rows are connections."""
    found = next((group for group in Group if group.value == name), None)
    if found is None or found.of_connections:
        raise Http404
    return found


@require_safe
def case_file(request: HttpRequest, object_id: int) -> HttpResponse:
    """The text to send to the vendor about an operation of any tenant, as a download."""
    found = Operation.objects.for_story().select_related("tenant")
    return download(get_object_or_404(found, pk=object_id), acting_user=request.user)
