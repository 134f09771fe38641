"""Keeping a list's filters under a name, and forgetting them."""

from typing import Any

from django.db import transaction

from portal.audit.trail import record
from portal.lists.models import SavedFilter
from portal.lists.registry import ListSpec
from portal.tenancy.models import Membership, Tenant
from portal.tenancy.roles import Role

MOST_PER_LIST = 30


class NotSaved(Exception):
    """Nothing was kept."""


class TooMany(NotSaved):
    """The person keeps as many filters of this list as one may."""


@transaction.atomic
def save_filter(
    spec: ListSpec, name: str, query: str, *, shared: bool, member: Membership, acting_user: Any
) -> SavedFilter:
    """Keep `query` of a list; a filter of the same name is replaced. Raises TooMany.

    Only who administers the company can share; from others `shared` is not heard.
    """
    Tenant.objects.select_for_update(no_key=True).get(pk=member.tenant_id)
    mine = SavedFilter.objects.filter(tenant=member.tenant, user=acting_user, list_key=spec.key)
    if not mine.filter(name=name).exists() and mine.count() >= MOST_PER_LIST:
        raise TooMany
    shared = shared and member.allows(Role.ADMIN)
    whose = {"tenant": member.tenant, "user": acting_user, "list_key": spec.key, "name": name}
    kept, _made = SavedFilter.objects.update_or_create(**whose, defaults={"query": query, "shared": shared})
    if shared:
        record("lists.filter_shared", kept, after={"list": spec.key, "filter": query}, acting_user=acting_user)
    return kept


@transaction.atomic
def delete_filter(kept: SavedFilter, *, member: Membership, acting_user: Any) -> None:
    """Forget an own filter, or as an admin one that is shared. Raises SavedFilter.DoesNotExist for anybody else's."""
    if kept.user_id != member.user_id and not (kept.shared and member.allows(Role.ADMIN)):
        raise SavedFilter.DoesNotExist
    if kept.shared:
        before = {"list": kept.list_key, "filter": kept.query}
        record("lists.filter_removed", kept, before=before, acting_user=acting_user)
    kept.delete()
