"""Turning signing keys over, one step at a time: which one is next, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from messaging.models import SigningKey

State = SigningKey.State


@dataclass(frozen=True)
class Step:
    """`move` is what a person may ask for now ("" for nothing but waiting), of `key` where it is about one."""

    number: int
    says: Any
    move: str = ""
    key: SigningKey | None = None


TITLES = (
    _("Make a new key"),
    _("Put it to use"),
    _("Wait for a report signed with it"),
    _("Take the old key out of use"),
    _("Delete the old key"),
)


def step_of(keys: Sequence[SigningKey], level: str, *, under_way: bool) -> Step:
    """The next step for the keys of the level that is turned over here; `keys` are the newest first."""
    mine = [key for key in keys if key.level == level]
    staged, active, retiring, retired = (_first(mine, state) for state in State)
    if under_way:
        return Step(0, _("The vendor is being asked. The next step follows when it has answered."))
    if staged:
        return Step(
            2, _("This portal has its secret already: reports signed with either key are believed."), "activate", staged
        )
    if retiring and (active is None or active.used_at is None):
        return Step(3, _("Reports on their way still carry the old key. Send a message if none is under way."))
    if retiring:
        return Step(
            4, _("A report signed with the new key has come. The old one is needed no more."), "retire", retiring
        )
    if retired:
        return Step(5, _("It is believed no more. Deleting it clears it away at the vendor, too."), "delete", retired)
    return Step(1, _("It is made at the vendor and not in use yet: nothing changes for reports."), "stage")


def _first(keys: Sequence[SigningKey], state: str) -> SigningKey | None:
    return next((key for key in keys if key.state == state), None)
