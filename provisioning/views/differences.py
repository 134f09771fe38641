"""Differences between what the portal believes and what the vendor says: the inbox, one of them, and the decision."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.billing.terms import agreed_around
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.vendors.desks import frame, page, slug_of
from portal.vendors.models import SEALED_OF_CONNECTION
from provisioning import drift
from provisioning.consequences import consequences_of, told_pairs
from provisioning.drift import NotAdopted
from provisioning.forms import ReasonForm
from provisioning.lists import DIFFERENCES
from provisioning.models import Drift, InventoryChange, Order
from provisioning.terms import METER
from provisioning.views.desk import desk_of, no_connection

VERBS = {"adopt": drift.adopt, "repaired": drift.mark_repaired}


@tenant_view(Role.VIEWER)
@require_safe
def differences(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    found = list_page(request, DIFFERENCES, fixed={"connection": desk.connection.pk})
    chosen = found["form"].chosen()
    listed = [(each, *told_pairs(each)[0][1:]) for each in found["page"].items]
    more = {"listed": listed, "decided": chosen.get("state") == "decided", "by_kind": "kind" in chosen}
    return page(request, "provisioning/differences.html", desk, **found, **more)


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
    if request.POST.get("seen") != seen_of(found):
        form.add_error(None, _("This difference has changed since you saw it: look at it again, nothing was changed."))
        return _detail(request, found, decision, form)
    try:
        VERBS[decision](found, reason=form.cleaned_data["reason"], acting_user=request.user)
    except NotAdopted as refusal:
        form.add_error(None, str(refusal))
        return _detail(request, _find(pk), decision, form)
    messages.success(
        request, _("Adopted.") if decision == "adopt" else _("Marked as repaired. The vendor is read again.")
    )
    return redirect("provisioning:difference", slug_of(request), pk)


def _find(pk: int) -> Drift:
    """With its product as the consequences need it."""
    level = InventoryChange.objects.filter(product=OuterRef("product")).order_by("-sequence").values("level")[:1]
    rows = Drift.objects.for_list().select_related("connection", "product__inventory")
    rows = rows.defer(*SEALED_OF_CONNECTION)
    rows = rows.annotate(ledger_level=Subquery(level), agreed=agreed_around(METER, counted="product_id"))
    found = get_object_or_404(rows, pk=pk)
    if found.product:
        found.product.ledger_level, found.product.agreed = found.ledger_level, found.agreed  # type: ignore[attr-defined]
    return found


def _detail(request: HttpRequest, found: Drift, decision: str, form: ReasonForm | None) -> HttpResponse:
    context = {
        **frame(request, found.connection),
        "difference": found,
        "pairs": told_pairs(found),
        "consequences": consequences_of(found, found.product) if found.state == Drift.State.OPEN else [],
        "remedy": _remedy(request, found),
        "seen": seen_of(found),
        **{f"{name}_form": form if form and name == decision else ReasonForm(auto_id=f"{name}_%s") for name in VERBS},
    }
    return render(request, "provisioning/difference.html", context, status=422 if form else 200)


def seen_of(found: Drift) -> str:
    """What a person saw of a difference, in short."""
    return hashlib.sha256(json.dumps([found.ours, found.theirs], sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Remedy:
    """The order that would bring the inventory back to where the portal had it."""

    url: str
    text: str


def _remedy(request: HttpRequest, found: Drift) -> Remedy | None:
    """For a total that was adopted: what to order, if it was not wanted."""
    if found.kind != Drift.Kind.TOTAL or found.state != Drift.State.ADOPTED:
        return None
    by = _number(found.theirs) - _number(found.ours)
    kind = Order.Type.DECREMENT if by > 0 else Order.Type.INCREMENT
    url = reverse("provisioning:order_new", args=[slug_of(request)])
    url += f"?connection={found.connection_id}&type={kind}&quantity={abs(by)}"
    text = _("Order %(by)s down again") if by > 0 else _("Order %(by)s up again")
    return Remedy(url, text % {"by": abs(by)}) if by else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
