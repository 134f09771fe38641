"""One row of each kind that the addresses of `portal.tenancy` name; see tests/sweep."""

from portal.tenancy.invitations import invite
from portal.tenancy.models import Membership, Role, User


def samples(tenant, owner) -> dict[str, dict]:
    helper = User.objects.create_user(f"helper@{tenant.slug}.example")
    member = Membership.objects.create(tenant=tenant, user=helper, role=Role.VIEWER)
    invitation = invite(tenant, f"guest@{tenant.slug}.example", Role.VIEWER, acting_user=owner).invitation
    return {
        "tenancy:home": {},
        "tenancy:dismiss_first_steps": {},
        "tenancy:people": {},
        "tenancy:invite": {},
        "tenancy:leave": {},
        "tenancy:settings": {},
        "tenancy:change_role": {"pk": member.pk},
        "tenancy:remove_member": {"pk": member.pk},
        "tenancy:resend_invitation": {"pk": invitation.pk},
        "tenancy:withdraw_invitation": {"pk": invitation.pk},
    }
