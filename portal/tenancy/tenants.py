"""What can be asked about a tenant as a whole."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.audit.trail import record
from portal.tenancy.authority import lock_people, require_admin, require_staff
from portal.tenancy.mfa import has_second_factor
from portal.tenancy.models import Membership, Role, Tenant
from portal.tenancy.refusals import ReasonMissing, SecondFactorFirst, SlugTaken
from portal.tenancy.scope import staff_scope


def create_tenant(
    name: str, *, slug: str, owner: Any, time_zone: str = "Europe/Amsterdam", language: str = "en", acting_user: Any
) -> Tenant:
    """Make a company. Without `owner` the caller invites the first one. Raises StaffOnly, SlugTaken."""
    require_staff(acting_user)
    with staff_scope():
        tenant, created = Tenant.objects.get_or_create(
            slug=slug, defaults={"name": name, "time_zone": time_zone, "language": language}
        )
        if not created:
            raise SlugTaken
        if owner is not None:
            Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
        record(
            "tenancy.tenant_created",
            tenant,
            after={"name": name, "address": slug, "owner": owner.email if owner else None},
            acting_user=acting_user,
        )
        return tenant


@transaction.atomic
def update_settings(
    tenant: Tenant, *, name: str, time_zone: str, language: str, require_mfa: bool, acting_user: Any
) -> Tenant:
    """Change what a company is called and how it works. Raises AdminsOnly, SecondFactorFirst."""
    tenant = lock_people(tenant.pk)
    require_admin(tenant.pk, acting_user)
    if require_mfa and not tenant.require_mfa and acting_user is not None and not has_second_factor(acting_user):
        raise SecondFactorFirst
    wanted = {"name": name, "time_zone": time_zone, "language": language, "require_mfa": require_mfa}
    before = {field: getattr(tenant, field) for field, value in wanted.items() if getattr(tenant, field) != value}
    if not before:
        return tenant
    for field in before:
        setattr(tenant, field, wanted[field])
    tenant.save(update_fields=list(before))
    after = {field: wanted[field] for field in before}
    record("tenancy.settings_changed", tenant, before=before, after=after, acting_user=acting_user)
    return tenant


@transaction.atomic
def dismiss_first_steps(tenant: Tenant, *, acting_user: Any) -> None:
    """Put the checklist of the first page away, for everybody and for good. Raises AdminsOnly."""
    require_admin(tenant.pk, acting_user)
    if Tenant.objects.filter(pk=tenant.pk, first_steps_dismissed_at=None).update(
        first_steps_dismissed_at=timezone.now()
    ):
        record("tenancy.first_steps_dismissed", tenant, acting_user=acting_user)


def suspend_tenant(tenant: Tenant, *, reason: str, acting_user: Any) -> Tenant:
    """Let a company look but not change; nothing of it is sent. Raises StaffOnly, ReasonMissing."""
    return _set_state(tenant, Tenant.State.SUSPENDED, "tenancy.tenant_suspended", reason, acting_user)


def resume_tenant(tenant: Tenant, *, reason: str, acting_user: Any) -> Tenant:
    """End a suspension. Raises StaffOnly, ReasonMissing."""
    return _set_state(tenant, Tenant.State.ACTIVE, "tenancy.tenant_resumed", reason, acting_user)


def _set_state(tenant: Tenant, state: Tenant.State, action: str, reason: str, acting_user: Any) -> Tenant:
    require_staff(acting_user)
    if not reason.strip():
        raise ReasonMissing
    with staff_scope():
        tenant = lock_people(tenant.pk)
        if tenant.state == state:
            return tenant
        before, tenant.state = tenant.state, state
        tenant.save(update_fields=["state"])
        record(
            action,
            tenant,
            before={"state": str(before)},
            after={"state": str(state)},
            reason=reason.strip(),
            acting_user=acting_user,
        )
        return tenant
