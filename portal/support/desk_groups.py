"""The groups of the support desk, the most urgent first: what is wrong, what to do, and what happens then."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.vendors.models import ConnectionState


class Group(Enum):
    """The value names a group in addresses."""

    SECOND_PERSON = "second-person"
    UNKNOWN = "unknown"
    PROTOCOL = "protocol"
    LOOKING = "looking"
    CREDENTIALS = "credentials"
    UNREACHABLE = "unreachable"
    QUOTA = "quota"
    UNREADABLE = "unreadable"
    REFUSED = "refused"

    @property
    def words(self) -> "Words":
        return WORDS[self]

    @property
    def several(self) -> bool:
        """Several of its operations can be decided about at once; a confirmation is given to one at a time."""
        return self in (Group.UNKNOWN, Group.PROTOCOL, Group.REFUSED)

    @property
    def trouble(self) -> str:
        """Of the connections in this group; "" for groups of operations."""
        return next((trouble for trouble, group in CONNECTION_GROUPS.items() if group is self), "")

    @property
    def of_connections(self) -> bool:
        """Its rows are connections, not operations."""
        return self in CONNECTION_GROUPS.values()


@dataclass(frozen=True)
class Words:
    """`advice` says what to press and what happens then."""

    title: Any
    advice: Any
    tone: str


CONNECTION_GROUPS: dict[str, Group] = {
    ConnectionState.Trouble.CREDENTIALS: Group.CREDENTIALS,
    ConnectionState.Trouble.UNREACHABLE: Group.UNREACHABLE,
    ConnectionState.Trouble.QUOTA: Group.QUOTA,
    ConnectionState.Trouble.PROTOCOL: Group.UNREADABLE,
}

WORDS = {
    Group.SECOND_PERSON: Words(
        _("Waits for a second person"),
        _(
            "Somebody vouched that the vendor has not done it and asked to send it again, which costs money. Check the"
            " evidence yourself. Confirm: it is sent at once. Withdraw: nothing is sent, it needs a person again."
        ),
        "danger",
    ),
    Group.UNKNOWN: Words(
        _("Nobody knows whether it was done"),
        _(
            "It was sent, the answer was lost, and looking did not settle it. Nothing more happens by itself, and"
            " everything behind it waits. Look again first: it costs nothing. If that cannot tell either, send the case"
            " file to the vendor, then mark it as done, send it again or give it up."
        ),
        "danger",
    ),
    Group.PROTOCOL: Words(
        _("The vendor's answers are not understood"),
        _(
            "It stopped before anything was sent, since what the vendor answered is not what its manual promises. Read the"
            " exchange, tell the vendor by the case file, and look or send again once the answers are right."
        ),
        "danger",
    ),
    Group.LOOKING: Words(
        _("Outcome unknown for long"),
        _(
            "The portal still looks by itself, and asks a person when it cannot tell. Usually the vendor cannot be read:"
            " see how its connection is. Nothing has to be pressed yet."
        ),
        "warning",
    ),
    Group.CREDENTIALS: Words(
        _("Credentials refused, operations wait"),
        _(
            "Nothing was sent, nothing is lost. The company's admin has to enter new credentials; everything goes on by"
            " itself within five minutes after that."
        ),
        "warning",
    ),
    Group.UNREACHABLE: Words(
        _("Vendor unreachable, operations wait"),
        _("Nothing was sent, nothing is lost. Everything goes on by itself as soon as the vendor answers again."),
        "warning",
    ),
    Group.QUOTA: Words(
        _("Quota used up, operations wait"),
        _(
            "Nothing was sent, nothing is lost. Everything goes on by itself at the reset. If it comes back every day, the"
            " company needs a larger quota from the vendor."
        ),
        "warning",
    ),
    Group.UNREADABLE: Words(
        _("Connection answers in an unknown form, operations wait"),
        _(
            "Nothing was sent, nothing is lost. Look at the latest calls; the base URL may be wrong, or the vendor changed."
        ),
        "warning",
    ),
    Group.REFUSED: Words(
        _("Refused by the vendor in the last seven days"),
        _(
            "Nothing was changed at the vendor. The company sees the vendor's words too; where it needs help, help, then"
            " take note: the row leaves the desk."
        ),
        "neutral",
    ),
}
