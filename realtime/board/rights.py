"""Who may act on which calls, and over whose permission at the vendor.

Operators act on everybody's calls over the company's grant; every member acts on the calls of their own telephone over a grant
of their own. A company's grant never lends its rights to somebody whose role here is weaker.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from portal.operations.refusals import NotPromised
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from realtime.calls.models import Call, Leg
from realtime.extensions.models import Extension
from realtime.grants.lines import PERSONAL, grant_for
from realtime.grants.models import Grant

MANAGE, CREATE = "calls.manage", "calls.create"
ALL, OWN, NONE = "all", "own", ""


class NotYours(NotPromised):
    """The person's role lets them act on the calls of their own telephone alone."""

    def __init__(self) -> None:
        super().__init__(_("Your role lets you act on the calls of your own telephone only. Nothing was done."))


@dataclass(frozen=True)
class Rights:
    """What a member may do: on all calls, on their own, or none ("all", "own", ""); for steering and for placing."""

    steer: str = NONE
    place: str = NONE

    @classmethod
    def of(cls, membership: Membership) -> "Rights":
        """By role and by the grants that there are, over any of the company's connections. One query."""
        active = Grant.objects.filter(tenant_id=membership.tenant_id, state=Grant.State.ACTIVE)
        return cls.by(membership, active.values_list("user_id", "scopes"))

    @classmethod
    def by(cls, membership: Membership, grants: Iterable[tuple[int | None, list[str]]]) -> "Rights":
        """By role and (person, scopes) of each grant that is there."""
        company: set[str] = set()
        own: set[str] = set()
        for user_id, scopes in grants:
            if user_id is None:
                company.update(scopes)
            elif user_id == membership.user_id:
                own.update(scopes)
        if not membership.allows(Role.OPERATOR):
            company = set()
        return cls(_reach(MANAGE, company, own), _reach(CREATE, company, own))


def _reach(scope: str, company: set[str], own: set[str]) -> str:
    if scope in company:
        return ALL
    return OWN if f"{scope}{PERSONAL}" in own else NONE


def grant_to_steer(call: Call, membership: Membership) -> Grant:
    """The grant over which this member acts on the call. Raises NotYours, ScopeMissing."""
    return _grant(call.connection, MANAGE, membership, own=is_own(call, membership.user_id))


def grant_to_place(connection: Connection, membership: Membership, *, own: bool) -> Grant:
    """The grant for a call from the person's own telephone, or from another one. Raises NotYours, ScopeMissing."""
    return _grant(connection, CREATE, membership, own=own)


def is_own(call: Call, user_id: int) -> bool:
    """Does this person's telephone take part?"""
    theirs = Extension.objects.filter(tenant_id=call.tenant_id, member=user_id).values("pk")
    legs = Leg.objects.filter(call=call, ended_at=None)
    return legs.filter(from_extension__in=theirs).exists() or legs.filter(to_extension__in=theirs).exists()


def _grant(connection: Connection, scope: str, membership: Membership, *, own: bool) -> Grant:
    operates = membership.allows(Role.OPERATOR)
    if not own and not operates:
        raise NotYours
    # Over a personal grant the vendor lets nobody act on what is not their own.
    grant = grant_for(connection, membership.user if own else None, scope)
    if not operates and not grant.personal:
        raise NotYours
    return grant


def own_telephone(connection: Connection, user: Any) -> Extension | None:
    return Extension.objects.filter(connection=connection, member=user, gone_at=None).order_by("pk").first()
