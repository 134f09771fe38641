"""Accounts made or removed at the vendor directly: the inbox, one of them, and the decision."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.forms import ReasonForm
from portal.tenancy.roles import Role
from portal.vendors.desks import frame, page, slug_of
from portal.vendors.models import SEALED_OF_CONNECTION
from telephony import drift
from telephony.lists import DIFFERENCES
from telephony.models import Drift
from telephony.views.desk import desk_of, no_connection

VERBS = {"adopt": drift.adopt, "repaired": drift.mark_repaired}


@tenant_view(Role.VIEWER)
@require_safe
def differences(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    found = list_page(request, DIFFERENCES, fixed={"connection": desk.connection.pk})
    chosen = found["form"].chosen()
    more = {"decided": chosen.get("state") == "decided", "searched": "q" in chosen}
    return page(request, "telephony/differences.html", desk, **found, **more)


@tenant_view(Role.VIEWER)
@require_safe
def difference(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, _find(pk), "", None)


@tenant_view(Role.ADMIN)
@require_POST
def difference_decide(request: HttpRequest, pk: int, decision: str) -> HttpResponse:
    """Adopt what the vendor says, or mark that a person has put it right."""
    found, form = _find(pk), ReasonForm(request.POST, auto_id=f"{decision}_%s")
    if not form.is_valid():
        return _detail(request, found, decision, form)
    try:
        VERBS[decision](found, reason=form.cleaned_data["reason"], acting_user=request.user)
    except (drift.NotOpen, drift.NameLives) as refusal:
        messages.error(request, str(refusal))
    else:
        done = _("Adopted.") if decision == "adopt" else _("Marked as repaired. The vendor is read again.")
        messages.success(request, done)
    return redirect("telephony:difference", slug_of(request), pk)


def _find(pk: int) -> Drift:
    rows = Drift.objects.select_related("connection", "decided_by")
    return get_object_or_404(rows.defer(*SEALED_OF_CONNECTION), pk=pk)


def _detail(request: HttpRequest, found: Drift, decision: str, form: ReasonForm | None) -> HttpResponse:
    forms = {f"{name}_form": form if form and name == decision else ReasonForm(auto_id=f"{name}_%s") for name in VERBS}
    context = {**frame(request, found.connection), "difference": found, **forms}
    return render(request, "telephony/difference.html", context, status=422 if form else 200)
