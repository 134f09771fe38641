"""The form to be called back, as visitors of a company's own site see it in a frame; without an account or a session.

It says what happens and by whom; where it is not shown by a site that may show it, it is not there.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.audit.context import client_address
from portal.operations.refusals import NotPromised
from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.callback import limits
from realtime.callback.following import outcome_of
from realtime.callback.forms import VisitorForm
from realtime.callback.hours import is_open, opens_at
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.callback.origins import ForeignSite, check_sender, site_of
from realtime.callback.proof import ProofFails, new_proof, read_proof, read_status_token, status_token
from realtime.callback.requesting import Visitor, ask_for_call

NOBODY = ["'none'"]
STATE = CallbackRequest.State


def _framed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Find the form, speak its language in its company's scope, and let its sites alone show what comes of it.

    Without a session there is nothing that a foreign site could do in somebody's name; a signed proof stands for the token.
    """

    @csrf_exempt
    @xframe_options_exempt
    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def framed(request: HttpRequest, public_id: str, **kwargs: Any) -> HttpResponse:
        place = _place_of(public_id)
        if place is None:
            return _plain(request, "gone", NOBODY, 404)
        tenant_id, pk = place
        with tenant_scope(tenant_id):
            form = _forms().get(pk=pk)
            with override(form.language):
                response = _answer(view, request, form, kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return framed


def _answer(view: Any, request: HttpRequest, form: CallbackForm, kwargs: dict[str, Any]) -> HttpResponse:
    if not form.enabled or form.tenant.suspended:
        return _plain(request, "gone", NOBODY, 404)
    try:
        if request.method == "POST":
            check_sender(request)
        return _within(form, view(request, form, site_of(request, form), **kwargs))
    except ForeignSite:
        return _plain(request, "foreign", form.origins, 403)


def _place_of(public_id: str) -> tuple[int, int] | None:
    with staff_scope():
        return CallbackForm.objects.filter(public_id=public_id).values_list("tenant_id", "pk").first()


def _forms() -> QuerySet[CallbackForm]:
    return CallbackForm.objects.select_related("tenant", "agent", "connection__tenant")


@_framed
def callback_form(request: HttpRequest, form: CallbackForm, origin: str) -> HttpResponse:
    """GET shows it; POST asks for the call."""
    if not is_open(form.hours, timezone.now(), form.tenant.zone):
        return _closed(request, form)
    if request.method != "POST":
        return _ask(request, form, VisitorForm(countries=form.countries), new_proof(form.public_id, origin))
    return _asked(request, form)


def _asked(request: HttpRequest, form: CallbackForm) -> HttpResponse:
    told, proof = VisitorForm(request.POST, countries=form.countries), request.POST.get("proof", "")
    digest = limits.address_digest(client_address(request))
    try:
        limits.count_sent(digest)
        shown = read_proof(form.public_id, proof)
        if not told.is_valid():
            return _ask(request, form, told, proof, 422)
        if told.cleaned_data["website"]:
            raise ProofFails("wrong")
        visitor = Visitor(told.cleaned_data["number"], told.cleaned_data["name"], digest)
        made = ask_for_call(form, visitor, shown)
    except limits.TooOften:
        return _ask(
            request, form, told, proof, 429, _("This was sent too often. Nothing was done; try again in an hour.")
        )
    except ProofFails as flaw:
        kept = proof if flaw.kind == "young" else new_proof(form.public_id, "")
        return _ask(request, form, told, kept, 422, _flaw(flaw.kind))
    except NotPromised as refusal:
        return _ask(request, form, told, proof, 422, str(refusal))
    return redirect("callback_status", form.public_id, status_token(form.public_id, made.pk))


def _flaw(kind: str) -> str:
    if kind == "young":
        return _("That was very quick. Nothing was done yet: wait a few seconds and press the button again.")
    if kind == "old":
        return _("This form was open for long. Nothing was done yet: wait a few seconds and press the button again.")
    if kind == "used":
        return _(
            "This form asked for a call to another number before. Nothing was done for this number yet: wait a few"
            " seconds and press the button again."
        )
    return _("This form could not be read. Nothing was done yet: wait a few seconds and press the button again.")


@_framed
def callback_status(request: HttpRequest, form: CallbackForm, origin: str, token: str) -> HttpResponse:
    """What becomes of a request, for whoever made it; with ?piece the part that changes alone."""
    try:
        pk = read_status_token(form.public_id, token)
        rows = CallbackRequest.objects.select_related("action__call").prefetch_related("action__call__legs")
        found = rows.get(pk=pk, form=form)
    except (ProofFails, CallbackRequest.DoesNotExist):
        return _plain(request, "gone", form.origins, 404)
    state, _why = outcome_of(found)
    context = {"form": form, "asked": found, "state": state, "going_on": state == STATE.ASKED}
    name = "_status" if "piece" in request.GET else "status"
    return render(request, f"realtime/callback/{name}.html", context)


def _ask(
    request: HttpRequest, form: CallbackForm, told: VisitorForm, proof: str, status: int = 200, flaw: str = ""
) -> HttpResponse:
    context = {"form": form, "told": told, "proof": proof, "flaw": flaw}
    return render(request, "realtime/callback/form.html", context, status=status)


def _closed(request: HttpRequest, form: CallbackForm) -> HttpResponse:
    opens = opens_at(form.hours, timezone.now(), form.tenant.zone)
    return render(request, "realtime/callback/closed.html", {"form": form, "opens": opens})


def _plain(request: HttpRequest, name: str, origins: list[str], status: int) -> HttpResponse:
    response = render(request, f"realtime/callback/{name}.html", status=status)
    response._csp_replace = {"frame-ancestors": origins or NOBODY}  # type: ignore[attr-defined]
    return response


def _within(form: CallbackForm, response: HttpResponse) -> HttpResponse:
    response._csp_replace = {"frame-ancestors": form.origins or NOBODY}  # type: ignore[attr-defined]
    return response
