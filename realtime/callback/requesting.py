"""A visitor asks to be called: one request for each form that was shown, and one call for each request."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.promises import TenantSuspended
from portal.operations.refusals import NotPromised
from portal.sentences import Sentence
from realtime.board.actions import call_back
from realtime.callback import limits
from realtime.callback.hours import is_open
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.callback.proof import Proof, ProofFails
from realtime.hooks.telling import tell_of

HOUR = timedelta(hours=1)
MOST_TO_NUMBER_AN_HOUR = 2
ALREADY = _("You are being called already.")
BUSY = _("Too many people ask to be called just now. You will not be called; please try again later.")
TOO_OFTEN = _("This was asked too often. You will not be called; please try again tomorrow, or call us.")
CLOSED = _("We are closed now. You will not be called.")
NO_AGENT = _("The telephone that calls back is not in the directory any more.")
SUSPENDED = _("The company's access is suspended.")


@dataclass(frozen=True)
class Visitor:
    """Who asks: `number` is E.164 and may be called, `address_digest` as `limits.address_digest` makes it."""

    number: str
    name: str
    address_digest: str


@transaction.atomic
def ask_for_call(form: CallbackForm, visitor: Visitor, proof: Proof) -> CallbackRequest:
    """Have the form's agent called, and then the visitor. The same form sent again is the same request.

    What nobody at the company allowed becomes a request that is stopped. Raises NotPromised for what the visitor reads,
    ProofFails for another number on a form that was sent before.
    """
    form = (
        CallbackForm.objects.select_for_update(of=("self",))
        .select_related("connection__tenant", "agent")
        .get(pk=form.pk)
    )
    if earlier := CallbackRequest.objects.filter(form=form, form_key=proof.key).first():
        if earlier.number != visitor.number:
            raise ProofFails("used")
        return earlier
    _check(form, visitor)
    request = CallbackRequest.objects.create(
        tenant_id=form.tenant_id,
        form=form,
        number=visitor.number,
        name=visitor.name,
        origin=proof.origin,
        address_digest=visitor.address_digest,
        form_key=proof.key,
    )
    _place(request, form)
    record("realtime.callback_requested", request, after={"form": form.name, "origin": proof.origin}, acting_user=None)
    tell_of(form.tenant_id, "callback.requested", told(request))
    return request


def _check(form: CallbackForm, visitor: Visitor) -> None:
    now = timezone.now()
    if not is_open(form.hours, now, form.connection.tenant.zone):
        raise NotPromised(CLOSED)
    lately = CallbackRequest.objects.filter(form=form, created_at__gt=now - HOUR)
    same = lately.filter(number=visitor.number)
    if same.filter(state=CallbackRequest.State.ASKED).exists():
        raise NotPromised(ALREADY)
    if same.count() >= MOST_TO_NUMBER_AN_HOUR:
        raise NotPromised(TOO_OFTEN)
    if lately.count() >= form.most_an_hour:
        raise NotPromised(BUSY)
    try:
        limits.count_request(visitor.address_digest, visitor.number)
    except limits.TooOften:
        raise NotPromised(TOO_OFTEN) from None


def _place(request: CallbackRequest, form: CallbackForm) -> None:
    """For the portal itself: a visitor is nobody who could have allowed it."""
    try:
        if form.agent.gone_at:
            raise NotPromised(NO_AGENT)
        with transaction.atomic():
            request.action = call_back(form.connection, request.number, form.agent, form_key=request.form_key)
    except (NotPromised, TenantSuspended) as refusal:
        why = refusal.sentence if isinstance(refusal, NotPromised) else Sentence(SUSPENDED)
        request.state, request.why = CallbackRequest.State.STOPPED, why.as_json()
    request.save(update_fields=["action", "state", "why"])


def told(request: CallbackRequest) -> dict[str, Any]:
    """A request as other systems are told it."""
    names = ("number", "name", "origin", "state")
    return {
        "id": str(request.pk),
        "form": request.form.name,
        **{name: getattr(request, name) for name in names},
        "requested_at": request.created_at.isoformat(),
    }
