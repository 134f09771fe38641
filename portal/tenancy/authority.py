"""Who may change whom. The door has let the person in; these are the rules between people."""

from typing import Any

from portal.audit.context import request_context
from portal.tenancy.models import Membership, Role, Tenant
from portal.tenancy.refusals import AdminsOnly, OwnersOnly, StaffOnly
from portal.tenancy.scope import current_scope


def lock_people(tenant_id: int) -> Tenant:
    """Let one change of a tenant's people happen at a time, so that two owners cannot demote each other at once.

    The lock leaves new rows of the tenant (orders, operations) alone.
    """
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def require_admin(tenant_id: int, acting_user: Any) -> None:
    """Raises AdminsOnly. The portal itself (None) and support staff in staff scope may."""
    if not _may(tenant_id, acting_user, Role.ADMIN):
        raise AdminsOnly


def require_owner(tenant_id: int, acting_user: Any) -> None:
    """Raises OwnersOnly. The portal itself (None) and support staff in staff scope may."""
    if not _may(tenant_id, acting_user, Role.OWNER):
        raise OwnersOnly


def require_authority_over(roles: set[str], tenant_id: int, acting_user: Any) -> None:
    """Owners are the owners' business; all others are the admins'. Raises OwnersOnly or AdminsOnly."""
    if Role.OWNER in roles:
        require_owner(tenant_id, acting_user)
    else:
        require_admin(tenant_id, acting_user)


def require_staff(acting_user: Any) -> None:
    """Raises StaffOnly. The portal itself (None) may."""
    if acting_user is not None and not acting_user.is_staff:
        raise StaffOnly


def grantable_roles(membership: Membership) -> list[Role]:
    """The roles that this member may give to others."""
    return [role for role in Role if role != Role.OWNER or membership.role == Role.OWNER]


def _may(tenant_id: int, acting_user: Any, role: Role) -> bool:
    if acting_user is None or (acting_user.is_staff and current_scope().staff):
        return True
    # Support on a visit has the rights of the member that it sees as, and no others.
    person = request_context().on_behalf_of or acting_user
    own = Membership.objects.filter(tenant_id=tenant_id, user=person).first()
    return own is not None and own.allows(role)
