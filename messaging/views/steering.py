"""What a person does with a campaign on its way: release, confirm, hold, go on, cancel; and a batch sent again."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from messaging.campaigns import release, resending, rest
from messaging.campaigns.release import AlreadyReleased
from messaging.models import Batch, Campaign
from portal.operations.refusals import NotPromised
from portal.tenancy.door import tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import status_of
from portal.ui.forms import PortalForm


class SendAgainForm(PortalForm):
    """`may_get_twice` is the number that the page warned of."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)
    may_get_twice = forms.IntegerField(widget=forms.HiddenInput, validators=[MinValueValidator(1)])


@tenant_view(Role.OPERATOR)
@require_POST
def campaign_release(request: HttpRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    planned_at = _moment(request.POST.get("planned_at", ""))
    try:
        found = release.release(found, planned_at=planned_at, acting_user=request.user)
    except AlreadyReleased as earlier:
        messages.info(request, str(earlier))
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return redirect("messaging:preflight", _slug(request), pk)
    else:
        messages.success(request, _released(found))
    return _to(request, pk)


def _moment(text: str) -> Any:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _released(campaign: Campaign) -> str:
    if campaign.state == Campaign.State.AWAITING:
        return _("Released. Nothing is sent before a second person has confirmed it.")
    if campaign.starts_at:
        return _("Released. It begins at its time.")
    return _("Released. It begins now.")


@tenant_view(Role.ADMIN)
@require_POST
def campaign_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, release.confirm, _("Confirmed. It is sent at its time."))


@tenant_view(Role.OPERATOR)
@require_POST
def campaign_pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, release.pause, _("Paused. Nothing more leaves; what the vendor has stays there."))


@tenant_view(Role.OPERATOR)
@require_POST
def campaign_resume(request: HttpRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")[:300]

    def resume(campaign: Campaign, *, acting_user: Any) -> Campaign:
        return release.resume(campaign, reason=reason, acting_user=acting_user)

    return _act(request, pk, resume, _("It goes on."))


@tenant_view(Role.OPERATOR)
@require_POST
def campaign_rest_now(request: HttpRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")[:300]

    def send(campaign: Campaign, *, acting_user: Any) -> Campaign:
        return rest.send_rest_now(campaign, reason=reason, acting_user=acting_user)

    return _act(request, pk, send, _("The rest is being sent, also in quiet hours."))


@tenant_view(Role.OPERATOR)
@require_POST
def campaign_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, release.cancel, _("Cancelled. What has not left never will."))


@tenant_view(Role.ADMIN)
def batch_send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Warns of how many may get it twice, asks why, then sends once more to those without a report."""
    batch = get_object_or_404(Batch.objects.select_related("campaign"), pk=pk)
    found = resending.again(batch)
    # Whoever comes from a button has not been warned yet.
    answered = request.POST if "may_get_twice" in request.POST else None
    form = SendAgainForm(answered, initial={"may_get_twice": found.messages})
    if form.is_valid():
        try:
            told = form.cleaned_data
            resending.send_again(
                batch, reason=told["reason"], may_get_twice=told["may_get_twice"], acting_user=request.user
            )
        except NotPromised as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("It is sent once more, to those that no report speaks of."))
        return _to(request, batch.campaign_id)
    return render(request, "ui/confirm_page.html", _question(request, batch, found, form), status=status_of(form))


def _question(request: HttpRequest, batch: Batch, found: resending.Again, form: SendAgainForm) -> dict[str, Any]:
    warning = ngettext(
        "%(number)s recipient without a report may get the message twice, and it may be charged twice.",
        "%(number)s recipients without a report may get the message twice, and it may be charged twice.",
        found.messages,
    )
    return {
        "form": form,
        "title": _("Send batch %(number)s of “%(name)s” again?")
        % {"number": batch.number, "name": batch.campaign.name},
        "text": warning % {"number": found.messages},
        "verb": _("Send again"),
        "tone": "danger",
        "cancel_url": reverse("messaging:campaign", args=[_slug(request), batch.campaign_id]),
    }


Verb = Callable[..., Campaign]


def _act(request: HttpRequest, pk: int, verb: Verb, told: str) -> HttpResponse:
    try:
        verb(_find(pk), acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, told)
    return _to(request, pk)


def _find(pk: int) -> Campaign:
    return get_object_or_404(Campaign.objects.only("pk", "tenant_id"), pk=pk)


def _to(request: HttpRequest, pk: int) -> HttpResponse:
    return redirect("messaging:campaign", _slug(request), pk)


def _slug(request: HttpRequest) -> str:
    return request.tenant.slug  # type: ignore[attr-defined]
