"""What support staff can do to operations in the admin: the verbs of the tenants' pages, and taking note of refusals."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.operations import decisions
from portal.operations.decisions import NotPossible, possible
from portal.operations.forms import LONGEST_REASON, MarkDoneForm, form_for
from portal.operations.models import Decision, Operation, Status
from portal.operations.proposals import proposal
from portal.ui.forms import PortalForm

Action = Decision.Action
Answers = Mapping[str, Any]

CONFIRM, WITHDRAW, NOTE = "confirm", "withdraw", "note"
# One flood of refusals is noted in several goes.
MOST_NOTED = 1_000


@dataclass(frozen=True)
class Act:
    """One button: `what` it is for, the `consequence` of pressing it, `done` once it was."""

    name: str
    label: str
    what: str
    consequence: str
    done: str
    danger: bool
    form: type[PortalForm]


VERBS: dict[str, Callable[..., Any]] = {
    Action.CANCEL: decisions.cancel,
    Action.LOOK_AGAIN: decisions.look_again,
    Action.SEND_AGAIN: decisions.send_again,
    Action.MARK_DONE: decisions.mark_done,
    Action.GIVE_UP: decisions.give_up,
}
NAMES = [*VERBS, CONFIRM, WITHDRAW, NOTE]


def act_for(name: str, operation: Operation) -> Act:
    """How `name` is put to a person who looks at `operation`. Raises KeyError for a name that is none."""
    if name in OWN:
        return OWN[name]()
    told = proposal(Action(name), operation)
    danger = told.tone == "danger"
    return Act(name, told.label, told.what, told.consequence, told.decided, danger, form_for(name))


def acts_for(operation: Operation, *, asked: bool) -> list[Act]:
    """What can be done about it now; `asked`: sending it again waits for a second person."""
    names: list[str] = [action.value for action in possible(operation)]
    if asked and operation.status == Status.NEEDS_PERSON:
        names = [CONFIRM, WITHDRAW, *(name for name in names if name != Action.SEND_AGAIN)]
    if operation.status == Status.REFUSED and operation.noted_at is None:
        names.append(NOTE)
    return [act_for(name, operation) for name in names]


def carry_out(name: str, operation: Operation, answers: Answers, acting_user: Any) -> None:
    """Raises NotPossible, nothing having been done."""
    if name in (CONFIRM, WITHDRAW):
        verb = decisions.confirm if name == CONFIRM else decisions.withdraw
        verb(_question_of(operation), acting_user=acting_user)
    elif name == NOTE:
        if not decisions.note_refusals(_alike(operation), reason=answers["reason"], acting_user=acting_user):
            raise NotPossible(_("Somebody took note of it already."))
    else:
        VERBS[name](operation, **answers, acting_user=acting_user)


def _question_of(operation: Operation) -> Decision:
    question = Decision.objects.pending().select_related("operation").filter(operation=operation).first()
    if question is None:
        raise NotPossible(_("Nothing waits for a second person here any more."))
    return question


def _alike(operation: Operation) -> QuerySet[Operation]:
    return Operation.objects.refused_alike(operation).order_by("pk")[:MOST_NOTED]


# --- Forms ----------------------------------------------------------------------------------------------------------


class NothingToSay(PortalForm):
    """The reason was given by who asked."""


class NoteForm(PortalForm):
    reason = forms.CharField(
        label=gettext_lazy("What was done about it"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class MarkEachDone(MarkDoneForm):
    """As `MarkDoneForm`, with the vendor's number of each of several."""

    def __init__(self, *args: Any, operations: Sequence[Operation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        whole = self.fields.pop("reference")
        for operation in operations:
            own = self.fields[_reference(operation)] = deepcopy(whole)
            own.label = _("The vendor's number for “%(what)s”") % {"what": operation.label}
        self.order_fields([_reference(operation) for operation in operations])


def bind(name: str, act: Act, operations: Sequence[Operation], data: Any) -> PortalForm:
    """The form of `act` for these operations; `data` None: not filled in yet."""
    if name == Action.MARK_DONE and len(operations) > 1:
        return MarkEachDone(data, operations=operations)
    return act.form(data)


def answers_for(operation: Operation, cleaned: Answers) -> dict[str, Any]:
    """Of what was filled in, what the verb wants to know about this operation."""
    own = {name: cleaned[name] for name in ("reason", "reference") if name in cleaned}
    if _reference(operation) in cleaned:
        own["reference"] = cleaned[_reference(operation)]
    return own


def _reference(operation: Operation) -> str:
    return f"reference_{operation.pk}"


# --- Words ----------------------------------------------------------------------------------------------------------


def _confirm() -> Act:
    return Act(
        CONFIRM,
        _("Confirm"),
        _("You agree, from evidence that you read yourself, that the vendor has not done it."),
        _(
            "It is sent again at once. If it was done after all, it is done twice and charged twice, for the whole month."
        ),
        _("Confirmed. It is sent again."),
        True,
        NothingToSay,
    )


def _withdraw() -> Act:
    return Act(
        WITHDRAW,
        _("Withdraw"),
        _("It is not to be sent again, or not yet."),
        _("Nothing is sent. It needs a person again."),
        _("Withdrawn. Nothing was sent."),
        False,
        NothingToSay,
    )


def _note() -> Act:
    return Act(
        NOTE,
        _("Take note"),
        _("You have seen that the vendor refused it, and helped where help was needed."),
        _(
            "It leaves the desk, with all that were refused in the same words over the same connection. Nothing is sent, and"
            " nothing changes for the company."
        ),
        _("Noted. It is off the desk."),
        False,
        NoteForm,
    )


OWN: dict[str, Callable[[], Act]] = {CONFIRM: _confirm, WITHDRAW: _withdraw, NOTE: _note}
