"""Bulk work with operations: what is decided about one of them, decided about those chosen in the list."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.bulk.chosen import GONE, check_chosen, ids_of
from portal.bulk.forms import OptionsForm
from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind, Later, Outlook, Refusal, register
from portal.operations import decisions
from portal.operations.decisions import Action, NotPossible
from portal.operations.forms import LONGEST_REASON
from portal.operations.models import Operation
from portal.operations.refusals import NotPromised
from portal.sentences import Sentence
from portal.tenancy.roles import Role

OPERATIONS = "operations.operations"
# Why a decision is not possible about an operation as it is now.
NOT_NOW = {
    Action.CANCEL: gettext_noop("It has left already, so it can no longer be cancelled."),
    Action.LOOK_AGAIN: gettext_noop("It does not need a person."),
}


class Reason(OptionsForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with each operation and in the audit trail. Say how you know."),
    )


def _check(action: Action) -> Callable[[Batch, Sequence[BatchRow]], None]:
    def check(operation: Operation) -> None:
        if action not in decisions.possible(operation):
            raise NotPromised(NOT_NOW[action])

    return lambda batch, rows: check_chosen(rows, Operation.objects.in_bulk(ids_of(rows)), check)


def _promise(verb: Callable[..., Any]) -> Callable[[Batch, Sequence[BatchRow]], list[Operation | Refusal | Later]]:
    """Decide about each row, under the rules for one."""

    def promise(batch: Batch, rows: Sequence[BatchRow]) -> list[Operation | Refusal | Later]:
        found = Operation.objects.in_bulk([row.subject_id for row in rows])
        return [decided(batch, found.get(row.subject_id)) for row in rows]

    def decided(batch: Batch, operation: Operation | None) -> Operation | Refusal:
        if operation is None:
            return Refusal(Sentence(GONE))
        try:
            verb(operation, reason=batch.options.get("reason", ""), acting_user=batch.started_by)
        except NotPossible as why:
            return Refusal(Sentence(str(why)))
        return operation

    return promise


def _outlook(template: str) -> Callable[[Batch], Outlook]:
    return lambda batch: Outlook(template, {"count": batch.good})


CANCEL = BatchKind(
    name="operations.cancel",
    label=_("Cancel operations"),
    role=Role.OPERATOR,
    check=_check(Action.CANCEL),
    outlook=_outlook("operations/_bulk_cancel.html"),
    promise=_promise(decisions.cancel),
    list_key=OPERATIONS,
    icon="ban",
    tone="danger",
    immediate=True,
)
LOOK_AGAIN = BatchKind(
    name="operations.look_again",
    label=_("Look again"),
    role=Role.OPERATOR,
    check=_check(Action.LOOK_AGAIN),
    outlook=_outlook("operations/_bulk_look_again.html"),
    promise=_promise(decisions.look_again),
    list_key=OPERATIONS,
    icon="eye",
    options=Reason,
    immediate=True,
)


def register_kinds() -> None:
    register(CANCEL)
    register(LOOK_AGAIN)
