"""The kinds of notices: each app registers its own, with the words for people and who may get them.

A notice keeps a kind and arguments and no words, so that each reader gets it in the own language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.tenancy.roles import Role

if TYPE_CHECKING:
    from portal.notices.models import Notice

Label = Any  # a string or a lazy translation


class Mail(TextChoices):
    """How a person wants to hear of something by mail."""

    NEVER = "never", _("Never")
    AT_ONCE = "at_once", _("At once")
    DAILY = "daily", _("Daily digest")


@dataclass(frozen=True)
class Words:
    """A notice in the language that is active: one line, and what was and was not done and what to do next."""

    title: str
    text: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of happening worth a word. `name` is app.what.

    `words` tells the arguments of a notice (times in the zone that is active), `url` where it is solved (called with the
    notice and the tenant's slug). A member may get it whom one of the `doors` lets in. `needs_you`: it stays open until it
    is over; the others are news. `portal` and `mail` are what holds for those who chose nothing; without `at_once` it comes
    by digest or not at all. What is over and back within `calm` is still the same happening.
    """

    name: str
    label: Label
    group: Label
    words: Callable[[Mapping[str, Any]], Words]
    url: Callable[["Notice", str], str]
    verb: Label
    doors: tuple[Role, ...] = (Role.OPERATOR,)
    icon: str = "bell"
    tone: str = "info"
    needs_you: bool = False
    portal: bool = True
    mail: Mail = Mail.AT_ONCE
    at_once: bool = True
    calm: timedelta = timedelta()

    @property
    def roles(self) -> list[Role]:
        """The members who may get it."""
        return [role for role in Role if any(door.admits(role) for door in self.doors)]

    @property
    def ways(self) -> list[Mail]:
        """What there is to choose from by mail."""
        return [mail for mail in Mail if self.at_once or mail is not Mail.AT_ONCE]


_kinds: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Add kinds, in `AppConfig.ready`; registering the same `name` again replaces it."""
    _kinds.update({kind.name: kind for kind in kinds})


def kind_named(name: str) -> Kind | None:
    """None for a kind that is no longer built in."""
    return _kinds.get(name)


def kinds() -> list[Kind]:
    return list(_kinds.values())


def kinds_for(role: str) -> list[Kind]:
    """What a member of this role may get."""
    return [kind for kind in _kinds.values() if role in kind.roles]
