"""Writing a campaign: the text with what it measures, to whom, when."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from messaging.campaigns import drafts
from messaging.campaigns.forms import ComposeForm, Offered, TextForm, offered_to, starting_values
from messaging.models import LONGEST_TEXT, Campaign, SmsAccount, Template
from messaging.texts.parts import GSM, measure, replaced
from messaging.texts.placeholders import names_in, outside, without
from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import status_of

LARGEST_ID = 2**63 - 1


@tenant_view(Role.OPERATOR)
def campaign_new(request: TenantRequest) -> HttpResponse:
    return _compose(request, None)


@tenant_view(Role.OPERATOR)
def campaign_edit(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Campaign, pk=pk)
    if not found.editable:
        messages.info(request, _("It has been released already, so it can no longer be changed."))
        return redirect("messaging:preflight", request.tenant.slug, pk)
    return _compose(request, found)


def _compose(request: TenantRequest, campaign: Campaign | None) -> HttpResponse:
    offered = offered_to(request.tenant)
    if not offered.connections:
        return render(request, "messaging/no_connection.html", {"may_connect": request.membership.allows(Role.ADMIN)})
    form = _form(request, campaign, offered)
    if form.is_bound and form.is_valid():
        try:
            saved = drafts.save_draft(
                request.tenant, form.draft(), campaign=campaign, form_key=form.form_key, acting_user=request.user
            )
        except NotPromised as refusal:
            form.add_error(None, str(refusal))
        else:
            return _saved(request, saved)
    return _page(request, form, campaign)


def _form(request: TenantRequest, campaign: Campaign | None, offered: Offered) -> ComposeForm:
    """What was sent; or as it begins, also where only the text was to be changed by a button."""
    more: dict[str, Any] = {"tenant": request.tenant, "offered": offered, "campaign": campaign}
    act = request.POST.get("act", "")
    if request.method == "POST" and not act:
        return ComposeForm(request.POST, request.FILES, **more)
    values = starting_values(campaign, request.tenant) if campaign else {}
    if act:
        chosen = {name: request.POST.getlist(name) for name in ("groups", "tags")}
        values |= {**request.POST.dict(), **chosen, "text": text_after(request, act)}
        values.pop("form_key", None)
    return ComposeForm(initial=values, **more)


def _saved(request: TenantRequest, saved: Campaign) -> HttpResponse:
    if saved.state == Campaign.State.DRAFT:
        messages.warning(request, _("It is not clear which column of the file holds the numbers. Choose it below."))
        return redirect(reverse("messaging:campaign_edit", args=[request.tenant.slug, saved.pk]) + "#recipients")
    return redirect("messaging:preflight", request.tenant.slug, saved.pk)


def _page(request: TenantRequest, form: ComposeForm, campaign: Campaign | None) -> HttpResponse:
    context = {
        "form": form,
        "campaign": campaign,
        "column_asked": form.kept.get("source") == "file",
        **measured(str(form["text"].value() or ""), form.longest),
    }
    return render(request, "messaging/compose.html", context, status=status_of(form))


# --- The text while it is written ---------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
@require_POST
def compose_text(request: TenantRequest) -> HttpResponse:
    """What the text measures as it stands; or the text itself after a template was taken or characters were replaced."""
    act = request.POST.get("act", "")
    text = text_after(request, act)
    context = {
        "form": TextForm(initial={"text": text}),
        **measured(text, _longest(request.POST.get("connection", ""))),
    }
    template = "messaging/_compose_text.html" if act else "messaging/_measure.html"
    return render(request, template, context)


def text_after(request: HttpRequest, act: str) -> str:
    text = request.POST.get("text", "")[:10_000].replace("\r\n", "\n")
    if act == "replace":
        return outside(text, replaced)
    if act == "template" and (chosen := _number(request.POST.get("template", ""))):
        found = Template.objects.filter(pk=chosen).values_list("text", flat=True).first()
        return text if found is None else found
    return text


def _longest(connection: str) -> int:
    account = SmsAccount.objects.filter(connection=_number(connection)).first()
    return account.longest_text if account else LONGEST_TEXT


def _number(text: str) -> int:
    """An id, or 0 for what cannot be one."""
    return min(int(text), LARGEST_ID) if text.isascii() and text.isdecimal() and len(text) < 20 else 0


def measured(text: str, longest: int) -> dict[str, Any]:
    """What `_measure.html` shows of a text; `longest` in characters."""
    found = measure(without(text))
    return {
        "measured": found,
        "longest": longest,
        "gsm": found.encoding == GSM,
        "places": names_in(text),
        "replaceable": found.forcing != measure(replaced(without(text))).forcing,
    }
