"""The address book: people by number, added and changed by hand or by file, and taken out again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from messaging.people.groups import add_to_group
from messaging.people.models import MOST_CONTACTS, Contact, Group
from portal.audit.trail import record, record_many
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant

MOST_TAGS, MOST_VALUES, LONGEST_VALUE = 20, 30, 200
TAKEN = _("There is a contact with the number %(number)s already. Nothing was changed.")
FULL = _("There are %(most)s contacts already, and no more are kept. Delete some first.")


@dataclass(frozen=True)
class Person:
    """What is kept of somebody. `number` is E.164; `values` are placeholders of a text by name."""

    number: str
    name: str = ""
    tags: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        return {"number": self.number, "name": self.name, "tags": list(self.tags), "values": dict(self.values)}


@transaction.atomic
def add_contact(tenant: Tenant, person: Person, *, groups: Iterable[Group] = (), acting_user: Any) -> Contact:
    """Raises NotPromised where the number is taken, or the address book is full."""
    lock_book(tenant)
    _check_room(tenant, 1)
    contact = _saved(Contact(tenant=tenant, **person.fields()))
    record("messaging.contact_added", contact, after=person.fields(), acting_user=acting_user)
    for group in groups:
        add_to_group(group, [contact.pk], acting_user=acting_user)
    return contact


@transaction.atomic
def change_contact(contact: Contact, person: Person, *, acting_user: Any) -> None:
    """Raises NotPromised where another contact has the number."""
    wanted = person.fields()
    before = {name: getattr(contact, name) for name in wanted if getattr(contact, name) != wanted[name]}
    if not before:
        return
    for name in before:
        setattr(contact, name, wanted[name])
    _saved(contact)
    after = {name: wanted[name] for name in before}
    record("messaging.contact_changed", contact, before=before, after=after, acting_user=acting_user)


def _saved(contact: Contact) -> Contact:
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError:
        raise NotPromised(TAKEN, number=contact.number) from None
    return contact


@transaction.atomic
def keep_contacts(tenant: Tenant, people: Sequence[Person], *, group: Group | None = None, acting_user: Any) -> int:
    """Add those whose number is new, and add to the others what they have not: tags and values join, a name replaces.

    Returns how many are new. One act on record for all of them. A number may be in `people` once.
    Raises NotPromised where the address book has no room for all.
    """
    lock_book(tenant)
    known = {each.number: each for each in Contact.objects.filter(tenant=tenant, number__in=[p.number for p in people])}
    new = [Contact(tenant=tenant, **person.fields()) for person in people if person.number not in known]
    _check_room(tenant, len(new))
    Contact.objects.bulk_create(new)
    changed = [known[person.number] for person in people if person.number in known and _joined(known, person)]
    Contact.objects.bulk_update(changed, ["name", "tags", "values"])
    told = {"added": len(new), "changed": len(changed)}
    record("messaging.contacts_kept", tenant, after=told, acting_user=acting_user)
    if group is not None:
        add_to_group(group, [each.pk for each in (*new, *known.values())], acting_user=acting_user)
    return len(new)


def _joined(known: Mapping[str, Contact], person: Person) -> bool:
    """Put into its contact what `person` tells of it. Does anything differ?"""
    contact = known[person.number]
    before = (contact.name, contact.tags, contact.values)
    contact.name = person.name or contact.name
    contact.tags = list(dict.fromkeys([*contact.tags, *person.tags]))[:MOST_TAGS]
    contact.values = dict(list({**contact.values, **person.values}.items())[:MOST_VALUES])
    return before != (contact.name, contact.tags, contact.values)


@transaction.atomic
def delete_contacts(tenant: Tenant, ids: Collection[int], *, acting_user: Any) -> int:
    """Take them out of the address book and of all groups. Messages and the do-not-send list stay. Returns how many."""
    rows = list(Contact.objects.filter(tenant=tenant, pk__in=ids).select_for_update(of=("self",)).order_by("pk"))
    record_many("messaging.contact_deleted", [(contact, None) for contact in rows], acting_user=acting_user)
    Contact.objects.filter(pk__in=[contact.pk for contact in rows]).delete()
    return len(rows)


def lock_book(tenant: Tenant) -> None:
    """One change of how many there are at a time."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _check_room(tenant: Tenant, more: int) -> None:
    if more and Contact.objects.filter(tenant=tenant).count() + more > MOST_CONTACTS:
        raise NotPromised(FULL, most=MOST_CONTACTS)
