"""Call scripts that the portal serves: the list, the editor with its versions, test cases, the address."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Case, F, TextField, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.audit.trail import record
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.forms import ReasonForm
from portal.tenancy.refusals import Refused
from portal.tenancy.roles import Role
from portal.ui.asking import status_of
from portal.ui.forms import PortalForm, TypedForm
from telephony.scripts import authoring
from telephony.scripts.authoring import NotPublished, WrittenMeanwhile
from telephony.scripts.cases import CALLS, Tried, try_all
from telephony.scripts.checking import Checked, check, summary
from telephony.scripts.differing import differences
from telephony.scripts.forms import CaseForm, NewScriptForm, ScriptForm, parameters_text, starting_values
from telephony.scripts.lists import SCRIPTS
from telephony.scripts.models import CallScript, ScriptCase, ScriptVersion
from telephony.scripts.rendering import places_in
from telephony.scripts.starters import STARTERS, starter

# Older versions are reached by their number in the address of a comparison.
VERSIONS_SHOWN = 20


@tenant_view(Role.VIEWER)
@require_safe
def scripts(request: TenantRequest) -> HttpResponse:
    return render(request, "telephony/scripts.html", {**list_page(request, SCRIPTS), "may_operate": _may(request)})


@tenant_view(Role.OPERATOR)
def script_new(request: TenantRequest) -> HttpResponse:
    form = NewScriptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = authoring.create_script(
                request.tenant, values["name"], starter(values["starter"]).text, acting_user=request.user
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, _("“%(name)s” is there. Calls get it as soon as it is published.") % {"name": made}
            )
            return _to(request, made)
    context = {"form": form, "starters": STARTERS}
    return render(request, "telephony/script_new.html", context, status=status_of(form))


# --- One script: its text ---------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def script(request: TenantRequest, pk: int) -> HttpResponse:
    return _page(request, _find(pk))


@tenant_view(Role.OPERATOR)
@require_POST
def script_save(request: TenantRequest, pk: int) -> HttpResponse:
    """Keep what was written as a version, and publish it where that button was pressed."""
    found, form = _find(pk), ScriptForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form)
    values = form.cleaned_data
    try:
        version = authoring.save_version(
            found, values["text"], seen=values["seen"], why=values["why"], acting_user=request.user
        )
    except WrittenMeanwhile as refusal:
        form.add_error(None, str(refusal))
        # Saved again it is written upon the newer version, which the reader has been told of.
        form.data = form.data.copy()
        form.data["seen"] = refusal.latest.number
        return _page(request, found, form=form, meanwhile=True)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, found, form=form)
    if "publish" in request.POST:
        return _publish(request, found, version)
    messages.success(request, _("Version %(number)s is kept.") % {"number": version.number})
    return _to(request, found)


@tenant_view(Role.OPERATOR)
@require_POST
def script_check(request: TenantRequest, pk: int) -> HttpResponse:
    """What is wrong with what stands in the editor just now; nothing is kept."""
    text = request.POST.get("text", "")
    return render(request, "telephony/_script_findings.html", _judged(text, _find(pk).cases.all()))


@tenant_view(Role.OPERATOR)
@require_POST
def script_publish(request: TenantRequest, pk: int, number: int) -> HttpResponse:
    """An older version too: that is rolling back."""
    found = _find(pk)
    return _publish(request, found, _version(found, number))


def _publish(request: TenantRequest, found: CallScript, version: ScriptVersion) -> HttpResponse:
    try:
        authoring.publish(found, version, acting_user=request.user)
    except NotPublished as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Calls get version %(number)s from now on.") % {"number": version.number})
    return _to(request, found)


@tenant_view(Role.VIEWER)
@require_safe
def script_compare(request: TenantRequest, pk: int, number: int) -> HttpResponse:
    """A version beside the one before it, or beside the one that `?with=` names."""
    found = _find(pk)
    version = _version(found, number)
    other = request.GET.get("with", "")
    before = _version(found, int(other)) if other.isascii() and other.isdigit() and len(other) < 7 else None
    if before is None and number > 1:
        before = _version(found, number - 1)
    lines = differences(before.text, version.text) if before else []
    context = {"script": found, "version": version, "before": before, "lines": lines, "may_operate": _may(request)}
    return render(request, "telephony/script_compare.html", context)


@tenant_view(Role.OPERATOR)
def script_withdraw(request: TenantRequest, pk: int) -> HttpResponse:
    return _ask(
        request,
        _find(pk),
        ReasonForm(request.POST or None),
        authoring.withdraw,
        title=_("Publish “%(name)s” no more?"),
        text=_("Calls that come to its address get no script until a version is published again."),
        verb=_("Publish no more"),
        done=_("Calls do not get this script any more."),
    )


@tenant_view(Role.OPERATOR)
def script_delete(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    form = TypedForm(request.POST or None, expected=found.name)
    if request.method == "POST" and form.is_valid():
        authoring.delete_script(found, acting_user=request.user)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": found})
        return redirect("telephony:scripts", request.tenant.slug)
    context = {
        "form": form,
        "title": _("Delete “%(name)s”?") % {"name": found},
        "text": _("Its address leads nowhere at once. If the vendor still fetches it, calls are not handled."),
        "verb": _("Delete"),
        "cancel_url": _url(request, found),
    }
    return render(request, "ui/confirm_page.html", context, status=status_of(form))


# --- The address ----------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR, reveals_secrets=True)
@require_POST
def script_address(request: TenantRequest, pk: int) -> HttpResponse:
    """The secret address, shown on request; on record."""
    found = _find(pk)
    record("telephony.script_address_shown", found, acting_user=request.user)
    return _page(request, found, address=request.build_absolute_uri(authoring.path_of(found)))


@tenant_view(Role.OPERATOR)
def script_address_change(request: TenantRequest, pk: int) -> HttpResponse:
    return _ask(
        request,
        _find(pk),
        ReasonForm(request.POST or None),
        authoring.change_address,
        title=_("Give “%(name)s” a new address?"),
        text=_(
            "The old address leads nowhere at once. Calls are not handled until the vendor has been told the new one."
        ),
        verb=_("New address"),
        done=_("The script has a new address. Tell it to the vendor."),
    )


# --- Test cases -----------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
def script_case_new(request: TenantRequest, pk: int) -> HttpResponse:
    form = CaseForm(request.POST or None, initial=starting_values(request.GET.get("call", "")))
    return _case_page(request, _find(pk), form)


@tenant_view(Role.OPERATOR)
def script_case(request: TenantRequest, pk: int, case_pk: int) -> HttpResponse:
    found = _find(pk)
    case = get_object_or_404(ScriptCase, pk=case_pk, script=found)
    told = {"name": case.name, "parameters": parameters_text(case.parameters), "expects": "\n".join(case.expects)}
    return _case_page(request, found, CaseForm(request.POST or None, initial=told), case)


def _case_page(
    request: TenantRequest, found: CallScript, form: CaseForm, case: ScriptCase | None = None
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            kept = authoring.keep_case(
                found, values["name"], values["parameters"], values["expects"], acting_user=request.user
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            if case and case.pk != kept.pk:
                authoring.delete_case(case, acting_user=request.user)
            messages.success(request, _("The test case is kept. It is tried whenever a version is published."))
            return _to(request, found)
    context = {"script": found, "case": case, "form": form, "calls": CALLS}
    return render(request, "telephony/script_case.html", context, status=status_of(form))


@tenant_view(Role.OPERATOR)
@require_POST
def script_case_delete(request: TenantRequest, pk: int, case_pk: int) -> HttpResponse:
    found = _find(pk)
    authoring.delete_case(get_object_or_404(ScriptCase, pk=case_pk, script=found), acting_user=request.user)
    messages.success(request, _("The test case is deleted."))
    return _to(request, found)


# --- Pieces ---------------------------------------------------------------------------------------------------------


def _find(pk: int) -> CallScript:
    return get_object_or_404(CallScript.objects.living().for_page(), pk=pk)


def _version(found: CallScript, number: int) -> ScriptVersion:
    return get_object_or_404(ScriptVersion.objects.select_related("made_by"), script=found, number=number)


def _versions(found: CallScript) -> list[ScriptVersion]:
    """The newest ones, the latest first and with its text; one query."""
    rows = ScriptVersion.objects.filter(script=found).select_related("made_by").defer("text").order_by("-number")
    same = When(number=found.latest, then=F("text"))  # type: ignore[attr-defined]
    newest = Case(same, default=Value(""), output_field=TextField())
    versions: list[Any] = list(rows.annotate(newest=newest)[:VERSIONS_SHOWN])
    versions[0].text = versions[0].newest
    return versions


def _page(
    request: TenantRequest,
    found: CallScript,
    *,
    form: ScriptForm | None = None,
    meanwhile: bool = False,
    address: str = "",
) -> HttpResponse:
    versions = _versions(found)
    latest = versions[0]
    form = form or ScriptForm(initial={"text": latest.text, "seen": latest.number})
    text = str(form["text"].value() or "")
    context = {
        "script": found,
        "form": form,
        "latest": latest,
        "address": address,
        "meanwhile": differences(latest.text, text) if meanwhile else [],
        "versions": versions,
        "cases": [ScriptCase(script=found, **told) for told in found.told_cases],  # type: ignore[attr-defined]
        "may_operate": _may(request),
        "places": places_in(text),
    }
    context |= _judged(text, context["cases"])
    return render(request, "telephony/script.html", context, status=status_of(form))


def _judged(text: str, cases: Sequence[ScriptCase] | Any) -> dict[str, Any]:
    checked: Checked = check(text)
    tried: list[Tried] = try_all(text, cases) if checked.good else []
    return {"checked": checked, "summary": summary(checked), "tried": tried}


def _ask(
    request: TenantRequest,
    found: CallScript,
    form: PortalForm,
    act: Any,
    *,
    title: str,
    text: str,
    verb: str,
    done: str,
) -> HttpResponse:
    """A question as a page; `act` with a reason where it is answered."""
    if request.method == "POST" and form.is_valid():
        act(found, reason=form.cleaned_data["reason"], acting_user=request.user)
        messages.success(request, done)
        return _to(request, found)
    context = {
        "form": form,
        "title": title % {"name": found},
        "text": text,
        "verb": verb,
        "cancel_url": _url(request, found),
    }
    return render(request, "ui/confirm_page.html", context, status=status_of(form))


def _to(request: TenantRequest, found: CallScript) -> HttpResponse:
    return redirect(_url(request, found))


def _url(request: TenantRequest, found: CallScript) -> str:
    return reverse("telephony:script", args=[request.tenant.slug, found.pk])


def _may(request: HttpRequest) -> Any:
    return SimpleLazyObject(lambda: request.membership.allows(Role.OPERATOR))  # type: ignore[attr-defined]
