"""A campaign before it leaves: being checked, what the check found, what is left out, and what releasing it would mean."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from messaging.campaigns import drafts
from messaging.campaigns.outlook import days_set_aside, outlook_of
from messaging.models import Campaign, Message, RejectedLine
from messaging.rules import rules_of
from messaging.texts.parts import GSM
from portal.bulk.files import write_table
from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui import formats
from portal.ui.forms import PortalForm
from portal.ui.paging import keyset_page
from portal.vendors.models import SEALED_OF_CONNECTION, Connection

SAMPLES = 3
SEALED = (*SEALED_OF_CONNECTION, "connection__health__access_token")
Kind = RejectedLine.Kind


@tenant_view(Role.VIEWER)
@require_safe
def preflight(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    context = _frame(request, found)
    if found.state == Campaign.State.READY:
        context |= _found(request, found)
    return render(request, "messaging/preflight.html", context)


@tenant_view(Role.VIEWER)
@require_safe
def preflight_now(request: TenantRequest, pk: int) -> HttpResponse:
    """The page's own piece while it is checked; what comes after is another page, which is loaded anew."""
    found = _find(pk)
    if found.state != Campaign.State.CHECKING:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "messaging/_checking.html", _frame(request, found))


def _find(pk: int) -> Campaign:
    rows = Campaign.objects.select_related("connection__health", "connection__sms_account").defer(*SEALED)
    return get_object_or_404(rows.annotate(set_aside=days_set_aside(timezone.now())), pk=pk)


def _frame(request: TenantRequest, found: Campaign) -> dict[str, Any]:
    return {
        "campaign": found,
        "connection": found.connection,
        "test_environment": found.connection.environment == Connection.Environment.TEST,
        "may_operate": request.membership.allows(Role.OPERATOR),
        "form": PortalForm(),
        "left_out": _left_out(found),
    }


def _found(request: TenantRequest, found: Campaign) -> dict[str, Any]:
    plan, rules, now = found.plan, rules_of(found.tenant_id), timezone.now()
    return {
        "rules": rules,
        "outlook": outlook_of(
            found,
            rules,
            found.connection.health,
            found.set_aside,  # type: ignore[attr-defined]
            request.tenant.zone,
            now,
        ),
        "price": _("not agreed") if found.eur is None else formats.money(found.eur),
        "unicode": sum(n for encoding, n in plan["encodings"].items() if encoding != GSM),
        "parts": sorted((int(parts), n) for parts, n in plan["parts"].items()),
        "countries": sorted(plan["countries"].items(), key=lambda pair: -pair[1]["recipients"]),
        "forcing": [(each, f"U+{ord(each):04X}", n) for each, n in plan["forcing"]],
        "samples": list(Message.objects.filter(campaign=found).order_by("pk")[:SAMPLES]),
        "longest": found.connection.sms_account.longest_text,
    }


def _left_out(found: Campaign) -> list[tuple[str, str, int]]:
    """(kind, label, how many lines) of the kinds that there are."""
    counted = found.plan.get("left_out", {})
    return [(kind.value, str(kind.label), counted[kind.value]) for kind in Kind if counted.get(kind.value)]


# --- What is left out ---------------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def preflight_lines(request: TenantRequest, pk: int) -> HttpResponse:
    """Lines of one kind, of the first that there is unless the address says which."""
    found = _find(pk)
    tabs = _left_out(found)
    kinds = [kind for kind, _label, _count in tabs]
    asked = request.GET.get("kind", "")
    shown = asked if asked in kinds else next(iter(kinds), "")
    rows = RejectedLine.objects.filter(campaign=found, kind=shown)
    page = keyset_page(rows, order=("line", "pk"), cursor=request.GET.get("cursor", ""), size=50)
    return render(request, "messaging/left_out.html", {"campaign": found, "tabs": tabs, "shown": shown, "page": page})


@tenant_view(Role.VIEWER)
@require_safe
def preflight_lines_csv(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=pk)
    name = quote(_("left out of %(name)s") % {"name": found.name})
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}.csv"}
    return HttpResponse(write_table(_table(found)), content_type="text/csv; charset=utf-8", headers=headers)


def _table(found: Campaign) -> Iterator[list[str]]:
    yield [_("Line"), _("As it was given"), _("Kind"), _("Reason")]
    for row in RejectedLine.objects.filter(campaign=found).order_by("line", "pk").iterator(chunk_size=2_000):
        yield [str(row.line), row.value, row.get_kind_display(), row.why]


# --- Acting -------------------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
@require_POST
def plan_again(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=pk)
    return _do(request, pk, lambda: drafts.plan_again(found, acting_user=request.user))


@tenant_view(Role.OPERATOR)
@require_POST
def replace_characters(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=pk)
    return _do(request, pk, lambda: drafts.replace_characters(found, acting_user=request.user))


@tenant_view(Role.OPERATOR)
@require_POST
def discard(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=pk)
    try:
        drafts.discard_draft(found, acting_user=request.user)
    except NotPromised as refusal:
        messages.info(request, str(refusal))
        return redirect("messaging:preflight", request.tenant.slug, pk)
    messages.success(request, _("“%(name)s” was discarded. Nothing of it was sent.") % {"name": found.name})
    return redirect("messaging:campaigns", request.tenant.slug)


def _do(request: TenantRequest, pk: int, verb: Callable[[], None]) -> HttpResponse:
    """Do it; or say why not, nothing having been done."""
    try:
        verb()
    except NotPromised as refusal:
        messages.info(request, str(refusal))
    return redirect("messaging:preflight", request.tenant.slug, pk)
