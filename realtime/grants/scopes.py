"""What a grant may allow, by the vendor's scopes ("Available Scopes"), and what people want it for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.vendors.models import Connection
from realtime.grants.models import Grant


@dataclass(frozen=True)
class Scope:
    """One scope as the vendor spells it. `admin_only`: an admin of the telephone system alone may grant it."""

    name: str
    label: Any
    admin_only: bool = False


@dataclass(frozen=True)
class Purpose:
    """Something that people want to do, and the scopes it takes. `personal`: for one's own calls, by a grant of one's own."""

    key: str
    label: Any
    scopes: tuple[str, ...]
    personal: bool = False

    @property
    def needs_admin(self) -> bool:
        return any(SCOPES[name].admin_only for name in self.scopes)


SCOPES = {
    scope.name: scope
    for scope in (
        Scope("user.info", _("Read about the person who consents")),
        Scope("company.dialplans", _("Read the company's dialplans")),
        Scope("company.users", _("Read the company's users")),
        Scope("calls.events", _("Be told of everybody's calls"), admin_only=True),
        Scope("calls.events.personal", _("Be told of one's own calls")),
        Scope("calls.events.presence", _("Be told who is on the phone")),
        Scope("calls.manage", _("Act on everybody's calls"), admin_only=True),
        Scope("calls.manage.personal", _("Act on one's own calls")),
        Scope("calls.create", _("Place calls for everybody"), admin_only=True),
        Scope("calls.create.personal", _("Place one's own calls")),
    )
}
PURPOSES = {
    purpose.key: purpose
    for purpose in (
        Purpose(
            "directory",
            _("The directory: who can be called"),
            ("company.users", "company.dialplans", "user.info"),
        ),
        Purpose("presence", _("Who is on the phone"), ("calls.events.presence",)),
        Purpose("events", _("The live board with all calls, and their history"), ("calls.events",)),
        Purpose("steer", _("Hang up, transfer, hold and record anybody's calls"), ("calls.manage",)),
        Purpose("call", _("Place calls for anybody, and call-me-back"), ("calls.create",)),
        Purpose("own_events", _("See my own calls"), ("calls.events.personal",), personal=True),
        Purpose("own_steer", _("Hang up, transfer, hold and record my own calls"), ("calls.manage.personal",), True),
        Purpose("own_call", _("Place my own calls"), ("calls.create.personal",), personal=True),
    )
}


def company_purposes() -> list[Purpose]:
    return [purpose for purpose in PURPOSES.values() if not purpose.personal]


def personal_purposes() -> list[Purpose]:
    return [purpose for purpose in PURPOSES.values() if purpose.personal]


def scopes_for(purposes: Iterable[str]) -> list[str]:
    """The scopes that these purposes take, in the vendor's order; unknown purposes take none."""
    wanted = {name for key in purposes if key in PURPOSES for name in PURPOSES[key].scopes}
    return [name for name in SCOPES if name in wanted]


def purposes_in(scopes: Iterable[str]) -> list[Purpose]:
    """What can be done with these scopes."""
    held = set(scopes)
    return [purpose for purpose in PURPOSES.values() if held.issuperset(purpose.scopes)]


def purpose_of(scope: str) -> Purpose:
    """What a scope is asked for."""
    return next(purpose for purpose in PURPOSES.values() if scope in purpose.scopes)


def missing(holder: Grant | Connection, scope: str) -> bool:
    """Does the grant lack the scope? Of a connection: does the company's grant, or is there none?"""
    if isinstance(holder, Connection):
        company = Grant.objects.filter(connection=holder, user=None, state=Grant.State.ACTIVE)
        return not company.filter(scopes__contains=[scope]).exists()
    return holder.state != Grant.State.ACTIVE or scope not in holder.scopes
