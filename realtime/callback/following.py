"""What became of visitors' requests, as far as the events of their calls tell."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.sentences import Sentence
from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.callback.models import CallbackRequest
from realtime.callback.requesting import told
from realtime.calls.models import Call, CallAction, LegState
from realtime.hooks.telling import tell_of

State, Asked = CallbackRequest.State, CallAction.State
MOST_AT_ONCE = 500
# A call that nothing is known of any more after this is not waited for.
PATIENCE = timedelta(hours=1)
SAID = _("The vendor said: “%(said)s”")
TOO_LATE = _("It could not be sent in time, and nobody was called.")
NO_ANSWER = _("Not both of them answered.")
NO_NEWS = _("No event showed the call. Somebody may have been called.")
NOTHING = Sentence("")


def follow() -> None:
    """Write down what is known by now of all open requests of all tenants."""
    with staff_scope():
        rows = CallbackRequest.objects.filter(state=State.ASKED).order_by("pk")
        found = list(rows.values_list("tenant_id", "pk")[:MOST_AT_ONCE])
    for tenant_id in dict.fromkeys(tenant_id for tenant_id, _pk in found):
        with tenant_scope(tenant_id):
            _follow([pk for whose, pk in found if whose == tenant_id])


def _follow(ids: list[int]) -> None:
    requests = CallbackRequest.objects.filter(pk__in=ids).select_related("form", "action__call")
    for request in requests.prefetch_related("action__call__legs"):
        state, why = outcome_of(request)
        if state != State.ASKED:
            settle(request, state, why)


@transaction.atomic
def settle(request: CallbackRequest, state: str, why: Sentence) -> None:
    """Once."""
    open_one = CallbackRequest.objects.filter(pk=request.pk, state=State.ASKED)
    if open_one.update(state=state, why=why.as_json()):
        request.state = state
        tell_of(request.tenant_id, "callback.ended", told(request))


def outcome_of(request: CallbackRequest) -> tuple[str, Sentence]:
    """What is known now: ASKED while it is still going on, and why where that needs words."""
    if request.state != State.ASKED or request.action is None:
        return request.state, request.told_why
    state, why = _outcome(request.action, request.number)
    if state == State.ASKED and timezone.now() - request.created_at > PATIENCE:
        return State.UNKNOWN, Sentence(NO_NEWS)
    return state, why


def _outcome(action: CallAction, number: str) -> tuple[str, Sentence]:
    match action.state:
        case Asked.REFUSED:
            return State.FAILED, Sentence(SAID, {"said": action.said}) if action.said else NOTHING
        case Asked.TOO_LATE:
            return State.FAILED, Sentence(TOO_LATE)
        case Asked.UNKNOWN | Asked.UNCONFIRMED:
            return State.UNKNOWN, Sentence(NO_NEWS)
        case Asked.CONFIRMED if action.call is not None:
            return _outcome_of_call(action.call, number)
    return State.ASKED, NOTHING


def _outcome_of_call(call: Call, number: str) -> tuple[str, Sentence]:
    if _both_answered(call, number):
        return State.CALLED, NOTHING
    if call.state == LegState.ENDED:
        return State.FAILED, Sentence(NO_ANSWER)
    if call.state == LegState.UNSURE:
        return State.UNKNOWN, Sentence(NO_NEWS)
    return State.ASKED, NOTHING


def _both_answered(call: Call, number: str) -> bool:
    """The agent is called first: once the leg towards the visitor is answered, both have. Where none names them, all must."""
    legs = list(call.legs.all())
    towards = [leg for leg in legs if leg.to_number == number]
    if towards:
        return any(leg.answered_at for leg in towards)
    return bool(legs) and all(leg.answered_at for leg in legs)
