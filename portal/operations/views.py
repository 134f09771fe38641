"""Activity: what was asked of vendors, what became of it, and what people decide about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.lists.addresses import asked_of
from portal.lists.pages import list_page, page_of, selectable
from portal.operations import decisions
from portal.operations.decisions import NotPossible
from portal.operations.forms import form_for
from portal.operations.lists import OPERATIONS
from portal.operations.models import Decision, Operation, Status
from portal.operations.proposals import Proposal, open_to, proposal, proposals_for
from portal.operations.story import readable, story_of
from portal.operations.subjects import subject_of
from portal.operations.words import behind_words, words_for
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.formats import zone_of
from portal.ui.forms import PortalForm
from portal.ui.navigation import badge_of
from portal.ui.paging import Page

Action = Decision.Action

# These change without a person: a page that shows one asks again.
MOVING = {Status.WAITING, Status.SENDING, Status.UNKNOWN}
VERBS: dict[Decision.Action, Callable[..., Decision]] = {
    Action.CANCEL: decisions.cancel,
    Action.LOOK_AGAIN: decisions.look_again,
    Action.SEND_AGAIN: decisions.send_again,
    Action.MARK_DONE: decisions.mark_done,
    Action.GIVE_UP: decisions.give_up,
}


@tenant_view(Role.VIEWER)
@require_safe
def operations(request: TenantRequest) -> HttpResponse:
    found = list_page(request, OPERATIONS)
    context = {
        "status": found["form"].chosen().get("status", ""),
        "needing": badge_of(request, "operations:operations"),
        **found,
        **_watched(request, found["page"]),
    }
    return render(request, "operations/operations.html", context)


@tenant_view(Role.VIEWER)
@require_safe
def rows(request: TenantRequest) -> HttpResponse:
    """The table's body alone, for the page that watches it."""
    asked = asked_of(OPERATIONS, request.META.get("QUERY_STRING", ""), request.tenant)
    context = _watched(request, page_of(request, OPERATIONS, asked))
    return render(request, "operations/_rows.html", context | {"selectable": selectable(request, OPERATIONS)})


def _watched(request: TenantRequest, page: Page[Operation]) -> dict[str, Any]:
    return {
        "page": page,
        "moving": any(operation.status in MOVING for operation in page.items),
        "query": request.GET.urlencode(),
    }


@tenant_view(Role.VIEWER)
@require_safe
def operation(request: TenantRequest, pk: int) -> HttpResponse:
    return render(request, "operations/operation.html", _whole(request, _find(request, pk)))


@tenant_view(Role.VIEWER)
@require_safe
def now(request: TenantRequest, pk: int) -> HttpResponse:
    """How it stands, for the page that watches it. With another status the whole page is another: it is loaded anew."""
    found = _find(request, pk)
    if request.GET.get("seen") != found.status:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "operations/_now.html", _whole(request, found))


def _find(request: TenantRequest, pk: int) -> Operation:
    found = get_object_or_404(Operation.objects.for_story(), pk=pk)
    found.tenant = request.tenant
    return found


def _whole(request: TenantRequest, found: Operation) -> dict[str, Any]:
    story = story_of(found)
    return {
        "operation": found,
        "words": words_for(found, zone_of(request)),
        "behind": behind_words(found),
        "moving": found.status in MOVING,
        "story": story.events,
        "question": story.open_question,
        "asked_it_myself": bool(story.open_question and story.open_question.asked_by_id == request.user.pk),
        "may_confirm": request.membership.allows(Role.ADMIN),
        "may_operate": request.membership.allows(Role.OPERATOR),
        "may_read_audit": request.membership.allows(Role.ADMIN),
        "proposals": open_to(request.membership, proposals_for(found)),
        "payload": readable(found.payload),
        "subject": subject_of(found),
    }


# --- Deciding -----------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
def decide(request: TenantRequest, pk: int, action: Decision.Action) -> HttpResponse:
    """Ask for the reason, then do it. Where the operation has moved on meanwhile nothing is done, and that is said."""
    found = _find(request, pk)
    proposed = proposal(action, found)
    if not request.membership.allows(proposed.role):
        raise PermissionDenied
    if action not in decisions.possible(found) and request.method != "POST":
        messages.info(request, _("That is not possible any more; see below how it stands."))
        return _back(request, pk)
    form = form_for(action)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _carry_out(request, found, proposed, form)
    context = {"operation": found, "proposal": proposed, "form": form, "behind": behind_words(found)}
    return render(request, "operations/decide.html", context, status=422 if form.is_bound else 200)


def _carry_out(request: TenantRequest, found: Operation, proposed: Proposal, form: PortalForm) -> HttpResponse:
    answers = {name: value for name, value in form.cleaned_data.items() if name != "form_key"}
    verb = VERBS[proposed.action]
    return _say(request, found.pk, lambda: verb(found, **answers, acting_user=request.user), proposed.decided)


@tenant_view(Role.ADMIN)
@require_POST
def confirm(request: TenantRequest, pk: int) -> HttpResponse:
    decision = get_object_or_404(Decision.objects.select_related("operation"), pk=pk)
    return _say(
        request,
        decision.operation_id,
        lambda: decisions.confirm(decision, acting_user=request.user),
        _("Confirmed. It is sent again."),
    )


@tenant_view(Role.ADMIN)
@require_POST
def withdraw(request: TenantRequest, pk: int) -> HttpResponse:
    decision = get_object_or_404(Decision.objects.select_related("operation"), pk=pk)
    return _say(
        request,
        decision.operation_id,
        lambda: decisions.withdraw(decision, acting_user=request.user),
        _("Withdrawn. Nothing was sent."),
    )


def _say(request: TenantRequest, pk: int, verb: Callable[[], Decision], done: str) -> HttpResponse:
    """Do it and say so; or say why not, nothing having been done."""
    try:
        verb()
    except NotPossible as reason:
        messages.error(request, _("Nothing was done. %(reason)s") % {"reason": reason})
    else:
        messages.success(request, done)
    return _back(request, pk)


def _back(request: TenantRequest, pk: int) -> HttpResponse:
    return redirect("operations:operation", request.tenant.slug, pk)
