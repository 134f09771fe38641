"""What can be asked about the members of a tenant."""

from typing import Any

from django.db import transaction

from portal.audit.trail import record
from portal.tenancy.authority import lock_people, require_authority_over
from portal.tenancy.models import Membership, Role
from portal.tenancy.refusals import LastOwner, NoLongerMember


@transaction.atomic
def change_role(membership: Membership, role: Role, *, acting_user: Any) -> Membership:
    """Give a member another role. Raises OwnersOnly, AdminsOnly, LastOwner, NoLongerMember."""
    member = _locked(membership)
    require_authority_over({member.role, role}, member.tenant_id, acting_user)
    if member.role == role:
        return member
    _keep_an_owner(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    record(
        "tenancy.role_changed",
        member,
        before={"role": str(before)},
        after={"role": str(role)},
        acting_user=acting_user,
    )
    return member


@transaction.atomic
def remove_member(membership: Membership, *, acting_user: Any) -> None:
    """End a membership; what the person did stays. Raises OwnersOnly, AdminsOnly, LastOwner, NoLongerMember."""
    member = _locked(membership)
    require_authority_over({member.role}, member.tenant_id, acting_user)
    _end(member, "tenancy.member_removed", acting_user)


@transaction.atomic
def leave(membership: Membership, *, acting_user: Any) -> None:
    """End the own membership. Raises LastOwner, NoLongerMember."""
    member = _locked(membership)
    if acting_user is None or member.user_id != acting_user.pk:
        raise NoLongerMember
    _end(member, "tenancy.member_left", acting_user)


def _locked(membership: Membership) -> Membership:
    lock_people(membership.tenant_id)
    try:
        return Membership.objects.select_related("user", "tenant").get(pk=membership.pk)
    except Membership.DoesNotExist:
        raise NoLongerMember from None


def _keep_an_owner(member: Membership) -> None:
    owners = Membership.objects.filter(tenant_id=member.tenant_id, role=Role.OWNER)
    if member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists():
        raise LastOwner


def _end(member: Membership, action: str, acting_user: Any) -> None:
    _keep_an_owner(member)
    record(action, member, before={"person": member.user.email, "role": str(member.role)}, acting_user=acting_user)
    member.delete()
