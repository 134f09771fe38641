"""What a person is told before deciding about an operation, and who may decide it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.operations.decisions import Action, possible
from portal.operations.models import Decision, Operation
from portal.operations.registry import reaches_people
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role


@dataclass(frozen=True)
class Proposal:
    """One thing to decide: `what` it is for, the `consequence` of deciding so, `decided` when it is."""

    action: Decision.Action
    label: str
    what: str
    consequence: str
    decided: str
    icon: str
    tone: str = "primary"
    role: Role = Role.OPERATOR

    @property
    def alert_tone(self) -> str:
        return "warning" if self.tone == "danger" else "info"

    @property
    def url_name(self) -> str:
        return f"operations:{self.action.value}"


def proposals_for(operation: Operation) -> list[Proposal]:
    return [proposal(action, operation) for action in possible(operation)]


def proposal(action: Decision.Action, operation: Operation) -> Proposal:
    return _PROPOSALS[action](operation)


def open_to(membership: Membership, proposals: list[Proposal]) -> list[Proposal]:
    return [each for each in proposals if membership.allows(each.role)]


def _cancel(_operation: Operation) -> Proposal:
    return Proposal(
        Action.CANCEL,
        _("Cancel"),
        _("Take it back before it is sent."),
        _(
            "Nothing has left for the vendor, and nothing will. This cannot be undone; ask for it anew if you change your mind."
        ),
        _("Cancelled. Nothing was sent to the vendor."),
        "ban",
        "danger",
    )


def _look_again(_operation: Operation) -> Proposal:
    return Proposal(
        Action.LOOK_AGAIN,
        _("Look again"),
        _("Have the vendor read once more and compared. Good when the vendor was slow, or has been repaired since."),
        _(
            "Sends nothing and costs nothing. If the vendor has it, it is done; if it is proven absent and was not sent again "
            "before, it may be sent again by itself; if neither can be told, it comes back here. "
            "A request to send again that waits for a second person is withdrawn."
        ),
        _("The vendor is being looked at again."),
        "eye",
    )


def _send_again(operation: Operation) -> Proposal:
    if reaches_people(operation.kind):
        return _send_to_people_again()
    money = operation.costs_money
    return Proposal(
        Action.SEND_AGAIN,
        _("Send again"),
        _("You vouch that the vendor has not done it. It is sent once more, exactly as it was asked for."),
        _(
            "If the vendor did do it, it will be done twice and charged twice, for the whole month. "
            "Nothing is sent before a second admin or owner, or support, has confirmed it."
        )
        if money
        else _("If the vendor did do it after all, it will be done twice."),
        _("Asked. It is sent again as soon as a second person has confirmed it; nothing was sent yet.")
        if money
        else _("It is sent again."),
        "send",
        "danger",
        Role.ADMIN if money else Role.OPERATOR,
    )


def _send_to_people_again() -> Proposal:
    return Proposal(
        Action.SEND_AGAIN,
        _("Send again"),
        _("It is sent once more, to those that no report speaks of."),
        _("If it left after all, each of them gets it twice, and it may be charged twice. It cannot be called back."),
        _("It is sent again."),
        "send",
        "danger",
        Role.ADMIN,
    )


def _mark_done(_operation: Operation) -> Proposal:
    return Proposal(
        Action.MARK_DONE,
        _("Mark as done"),
        _("You know from the vendor that it was done, and have the vendor's number for it."),
        _(
            "Nothing is sent. It counts as done from now on, here and in what is charged, and what waits behind it goes on. "
            "This cannot be undone."
        ),
        _("Marked as done. Nothing was sent to the vendor."),
        "check",
    )


def _give_up(_operation: Operation) -> Proposal:
    return Proposal(
        Action.GIVE_UP,
        _("Give up"),
        _("It was not done, and is not wanted any more."),
        _(
            "Nothing is sent. It counts as not done from now on, and what waits behind it goes on. Should the vendor have done "
            "it after all, that will show as a difference. This cannot be undone."
        ),
        _("Given up. It counts as not done, and nothing more is sent."),
        "circle-x",
        "danger",
    )


_PROPOSALS = {
    Action.CANCEL: _cancel,
    Action.LOOK_AGAIN: _look_again,
    Action.SEND_AGAIN: _send_again,
    Action.MARK_DONE: _mark_done,
    Action.GIVE_UP: _give_up,
}
