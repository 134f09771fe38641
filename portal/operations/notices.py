"""What people are told of operations: one needs a person, one waits for a second person, an order was refused."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Kind, Words
from portal.operations.models import Decision, Operation, Status
from portal.operations.registry import Kind as OperationKind
from portal.tenancy.roles import Role

GROUP = gettext_lazy("Activity")


def follow(operation: Operation, before: str) -> None:
    """An operation that was `before` has a new status. Costs nothing unless people have to hear of it."""
    if Status.NEEDS_PERSON in (operation.status, before) and operation.status != before:
        _needs_person(operation) if operation.status == Status.NEEDS_PERSON else _settled(operation)
    if operation.status == Status.REFUSED and operation.kind in _refusals_told:
        raise_notice(REFUSED, operation.tenant_id, operation.pk, {"label": operation.label}, subject=operation)


def tell_refusals(kind: OperationKind) -> None:
    """Have people told when the vendor refuses an operation of this kind. Others are read on their page or in their batch."""
    _refusals_told.add(kind.name)


def second_person_awaited(decision: Decision) -> None:
    """Told to those who could be the second person."""
    operation = decision.operation
    args = {"label": operation.label, "who": str(decision.asked_by)}
    raise_notice(
        SECOND_PERSON, operation.tenant_id, operation.pk, args, subject=operation, leave_out=decision.asked_by_id
    )


def second_person_not_awaited(operation: Operation) -> None:
    resolve_notice(SECOND_PERSON, operation.tenant_id, operation.pk)


_refusals_told: set[str] = set()


def _needs_person(operation: Operation) -> None:
    args = {"label": operation.label, "trouble": operation.trouble, "money": operation.costs_money}
    raise_notice(NEEDS_PERSON, operation.tenant_id, operation.pk, args, subject=operation)


def _settled(operation: Operation) -> None:
    resolve_notice(NEEDS_PERSON, operation.tenant_id, operation.pk)
    second_person_not_awaited(operation)


# --- Words --------------------------------------------------------------------------------------------------------


def _needs_person_words(args: Mapping[str, Any]) -> Words:
    if args.get("trouble") == Operation.Trouble.PROTOCOL:
        text = _(
            "The vendor keeps answering in a form that is not understood. Nothing more is sent until somebody decides."
        )
    elif args.get("money"):
        text = _(
            "It was sent and its answer was lost; the vendor does not show what became of it. It costs money, and is not sent"
            " again before somebody has decided."
        )
    else:
        text = _(
            "It was sent and its answer was lost; the vendor does not show what became of it. It is not sent again before"
            " somebody has decided."
        )
    return Words(_("“%(label)s” needs a person to decide") % {"label": args["label"]}, text)


def _second_person_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("%(who)s wants “%(label)s” sent again: a second person has to confirm") % args,
        _("It costs money, and may have been done already. Nothing is sent before you or somebody else confirms it."),
    )


def _refused_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("The vendor refused “%(label)s”") % args,
        _("Nothing was changed at the vendor, and it is not sent again. Its words are on the operation's page."),
    )


def _page(notice: Notice, slug: str) -> str:
    return reverse("operations:operation", args=[slug, notice.subject_id])


NEEDS_PERSON = Kind(
    "operations.needs_person",
    gettext_lazy("Something needs a person to decide"),
    GROUP,
    _needs_person_words,
    _page,
    gettext_lazy("Decide"),
    icon="user",
    tone="danger",
    needs_you=True,
)
SECOND_PERSON = Kind(
    "operations.second_person",
    gettext_lazy("A second person has to confirm"),
    GROUP,
    _second_person_words,
    _page,
    gettext_lazy("Look and confirm"),
    doors=(Role.ADMIN,),
    icon="users",
    tone="danger",
    needs_you=True,
)
REFUSED = Kind(
    "operations.refused",
    gettext_lazy("The vendor refused an order"),
    GROUP,
    _refused_words,
    _page,
    gettext_lazy("See what the vendor said"),
    icon="circle-x",
    tone="warning",
)
KINDS = [NEEDS_PERSON, SECOND_PERSON, REFUSED]
