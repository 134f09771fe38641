"""Groups of contacts that are written to together."""

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from messaging.people.models import Contact, Group, GroupMember
from portal.audit.trail import record
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant

MOST_GROUPS = 200


@transaction.atomic
def make_group(tenant: Tenant, name: str, *, acting_user: Any) -> Group:
    """Raises NotPromised where the name is taken, or there are MOST_GROUPS."""
    if Group.objects.filter(tenant=tenant).count() >= MOST_GROUPS:
        raise NotPromised(_("There are %(most)s groups already, and no more are kept."), most=MOST_GROUPS)
    group = _saved(Group(tenant=tenant, name=name))
    record("messaging.group_made", group, after={"name": name}, acting_user=acting_user)
    return group


@transaction.atomic
def rename_group(group: Group, name: str, *, acting_user: Any) -> None:
    """Raises NotPromised where the name is taken."""
    before, group.name = group.name, name
    if before == name:
        return
    _saved(group)
    record("messaging.group_renamed", group, before={"name": before}, after={"name": name}, acting_user=acting_user)


def _saved(group: Group) -> Group:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:
        raise NotPromised(_("Another group has this name. Choose another one; nothing was changed.")) from None
    return group


@transaction.atomic
def delete_group(group: Group, *, acting_user: Any) -> None:
    """Its contacts stay."""
    record("messaging.group_deleted", group, before={"name": group.name}, acting_user=acting_user)
    GroupMember.objects.filter(group=group).delete()
    group.delete()


def group_named(tenant: Tenant, name: str, *, acting_user: Any) -> Group:
    """The group of this name, made where there is none. Raises NotPromised."""
    return Group.objects.filter(tenant=tenant, name=name).first() or make_group(tenant, name, acting_user=acting_user)


@transaction.atomic
def add_to_group(group: Group, ids: Collection[int], *, acting_user: Any) -> int:
    """Put contacts into it, by their ids; those that are in it stay. Returns how many are new in it."""
    within = set(GroupMember.objects.filter(group=group, contact__in=ids).values_list("contact_id", flat=True))
    found = Contact.objects.filter(tenant_id=group.tenant_id, pk__in=set(ids) - within).order_by("pk")
    members = [GroupMember(tenant_id=group.tenant_id, group=group, contact=contact) for contact in found]
    # Somebody may put the same contacts in at the same time.
    GroupMember.objects.bulk_create(members, ignore_conflicts=True)
    if members:
        record("messaging.group_filled", group, after={"added": len(members)}, acting_user=acting_user)
    return len(members)


@transaction.atomic
def remove_from_group(group: Group, ids: Collection[int], *, acting_user: Any) -> int:
    """Take contacts out of it; they stay in the address book. Returns how many were in it."""
    gone, _rows = GroupMember.objects.filter(group=group, contact__in=ids).delete()
    if gone:
        record("messaging.group_emptied", group, after={"removed": gone}, acting_user=acting_user)
    return gone
