"""Trials of a script: what is to be tried, and what came back."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.refusals import Refused
from portal.tenancy.roles import Role
from portal.ui.asking import status_of
from portal.vendors.desks import frame, page, slug_of
from portal.vendors.models import SEALED_OF_CONNECTION
from telephony.forms import TrialForm
from telephony.scripts.addresses import shown
from telephony.scripts.cases import CALLS
from telephony.scripts.checking import MAX_CHARACTERS, check, summary
from telephony.scripts.formatting import NotFormatted, formatted
from telephony.scripts.forms import starting_values
from telephony.trials.models import ScriptTrial
from telephony.trials.running import Way, lost, said, start_trial, under_way
from telephony.views.desk import desk_of, no_connection
from telephony.views.external_script import known_script, page_of

TRIALS_SHOWN = 10


@tenant_view(Role.OPERATOR)
def script_trial_new(request: TenantRequest) -> HttpResponse:
    """The call may be filled in by `?call=`, a key of CALLS."""
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    start = {"parameters": starting_values(request.GET.get("call", ""))["parameters"]}
    form = TrialForm(request.POST or None, initial=start, known=known_script(desk.connection), offer_known=True)
    if request.method == "POST" and form.is_valid():
        way = Way.HERE if "here" in request.POST else Way.VENDOR
        try:
            made = start_trial(
                desk.connection, form.address, form.cleaned_data["parameters"], way=way, acting_user=request.user
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("telephony:script_trial", slug_of(request), made.pk)
    context = {"form": form, "calls": CALLS, "back_url": page_of(request, desk)}
    return page(request, "telephony/script_trial_new.html", desk, status_of(form), **context)


@tenant_view(Role.OPERATOR)
@require_safe
def script_trial(request: TenantRequest, pk: int) -> HttpResponse:
    context = _whole(request, pk)
    context["others"] = _others(context["trial"])
    return render(request, "telephony/script_trial.html", context)


@tenant_view(Role.OPERATOR)
@require_safe
def script_trial_now(request: TenantRequest, pk: int) -> HttpResponse:
    """The page's own piece, polled until the result is there."""
    return render(request, "telephony/_script_trial.html", _whole(request, pk))


def _others(trial: ScriptTrial) -> QuerySet[ScriptTrial]:
    """Of the same connection, the newest first."""
    same = ScriptTrial.objects.filter(connection_id=trial.connection_id).exclude(pk=trial.pk)
    rows = same.select_related("requested_by")
    return rows.defer("answer", "url").order_by("-pk")[:TRIALS_SHOWN]


def _whole(request: TenantRequest, pk: int) -> dict[str, Any]:
    rows = ScriptTrial.objects.select_related("connection", "hosted", "requested_by")
    trial = get_object_or_404(rows.defer(*SEALED_OF_CONNECTION), pk=pk)
    return {
        **frame(request, trial.connection),
        "trial": trial,
        "told": "" if trial.hosted else shown(trial.url.reveal()),
        "under_way": under_way(trial),
        "lost": lost(trial),
        "flaw": said(trial),
        **(_judged(trial) if trial.ended_at and not trial.flaw else {}),
    }


def _judged(trial: ScriptTrial) -> dict[str, Any]:
    """The answer as it is shown, and what is wrong with it by the lines that are shown."""
    if trial.length > MAX_CHARACTERS:
        told = _("The answer has %(have)s characters, and a script has at most %(most)s. Only its beginning was kept.")
        return {"too_long": told % {"have": trial.length, "most": MAX_CHARACTERS}, "text": trial.answer[:2_000]}
    try:
        text = formatted(trial.answer)
    except NotFormatted:
        text = trial.answer
    checked = check(text)
    return {"text": text, "checked": checked, "summary": summary(checked), "tried": []}
