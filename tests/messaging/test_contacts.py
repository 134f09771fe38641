"""The address book and its groups: what the verbs keep, refuse and put on record."""

import pytest

from messaging.people import contacts as book
from messaging.people import groups as shelf
from messaging.people.contacts import Person, add_contact, change_contact, delete_contacts, keep_contacts
from messaging.people.models import Contact, Group
from messaging.people.refining import placeholder_of, tags_in, values_in, values_text
from portal.audit.models import Entry
from portal.operations.refusals import NotPromised
from portal.tenancy.scope import tenant_scope
from tests.messaging.people import ANNA, BEN, CARLA


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


def within(group: Group) -> set[str]:
    return set(Contact.objects.filter(places__group=group).values_list("number", flat=True))


def test_a_number_is_in_the_book_once(acme, cast):
    anna = add_contact(acme, Person(ANNA, "Anna"), acting_user=cast.bob)
    with pytest.raises(NotPromised, match="already"):
        add_contact(acme, Person(ANNA, "Another Anna"), acting_user=cast.bob)
    ben = add_contact(acme, Person(BEN, "Ben"), acting_user=cast.bob)
    with pytest.raises(NotPromised, match="already"):
        change_contact(ben, Person(ANNA, "Ben"), acting_user=cast.bob)
    assert dict(Contact.objects.values_list("name", "number")) == {"Anna": ANNA, "Ben": BEN}
    assert anna.tenant == acme


def test_two_companies_may_know_the_same_person(acme, cast):
    add_contact(acme, Person(ANNA, "Anna"), acting_user=cast.bob)
    with tenant_scope(cast.globex.pk):
        add_contact(cast.globex, Person(ANNA, "Ann"), acting_user=cast.charlie)
        assert Contact.objects.get().name == "Ann"


def test_a_change_is_on_record_with_what_was_before(acme, cast):
    anna = add_contact(acme, Person(ANNA, "Anna", ["customer"]), acting_user=cast.bob)
    change_contact(anna, Person(ANNA, "Anna B.", ["customer"]), acting_user=cast.alice)
    entry = Entry.objects.get(action="messaging.contact_changed")
    assert (entry.before, entry.after, entry.actor) == ({"name": "Anna"}, {"name": "Anna B."}, cast.alice)


def test_what_comes_again_joins_what_is_there(acme, cast):
    add_contact(acme, Person(ANNA, "Anna", ["customer"], {"city": "Utrecht"}), acting_user=cast.bob)
    people = [Person(ANNA, "", ["vip"], {"city": "Delft", "car": "DX-1"}), Person(BEN, "Ben")]
    assert keep_contacts(acme, people, acting_user=cast.bob) == 1
    anna = Contact.objects.get(number=ANNA)
    assert (anna.name, anna.tags, anna.values) == ("Anna", ["customer", "vip"], {"city": "Delft", "car": "DX-1"})


def test_a_full_book_takes_nobody_and_loses_nobody(acme, cast, monkeypatch):
    monkeypatch.setattr(book, "MOST_CONTACTS", 2)
    keep_contacts(acme, [Person(ANNA), Person(BEN)], acting_user=cast.bob)
    with pytest.raises(NotPromised, match="2 contacts already"):
        keep_contacts(acme, [Person(ANNA, "Anna"), Person(CARLA)], acting_user=cast.bob)
    with pytest.raises(NotPromised):
        add_contact(acme, Person(CARLA), acting_user=cast.bob)
    keep_contacts(acme, [Person(ANNA, "Anna")], acting_user=cast.bob)
    assert dict(Contact.objects.values_list("number", "name")) == {ANNA: "Anna", BEN: ""}


def test_a_deleted_contact_leaves_its_groups(acme, cast):
    group = shelf.make_group(acme, "Customers", acting_user=cast.bob)
    anna = add_contact(acme, Person(ANNA, "Anna"), groups=[group], acting_user=cast.bob)
    keep_contacts(acme, [Person(BEN)], group=group, acting_user=cast.bob)
    assert within(group) == {ANNA, BEN}
    assert delete_contacts(acme, [anna.pk], acting_user=cast.bob) == 1
    assert within(group) == {BEN}
    assert Entry.objects.get(action="messaging.contact_deleted").object_label == "Anna"


def test_contacts_join_a_group_once_and_leave_it(acme, cast):
    group = shelf.make_group(acme, "Customers", acting_user=cast.bob)
    keep_contacts(acme, [Person(ANNA), Person(BEN)], acting_user=cast.bob)
    ids = list(Contact.objects.values_list("pk", flat=True))
    assert shelf.add_to_group(group, ids[:1], acting_user=cast.bob) == 1
    assert shelf.add_to_group(group, ids, acting_user=cast.bob) == 1
    assert shelf.remove_from_group(group, ids, acting_user=cast.bob) == 2
    assert within(group) == set()
    assert Contact.objects.count() == 2


def test_contacts_of_another_company_join_no_group(acme, cast):
    group = shelf.make_group(acme, "Customers", acting_user=cast.bob)
    with tenant_scope(cast.globex.pk):
        theirs = add_contact(cast.globex, Person(ANNA), acting_user=cast.charlie)
    assert shelf.add_to_group(group, [theirs.pk], acting_user=cast.bob) == 0


def test_group_names_are_taken_once_and_a_deleted_group_leaves_its_contacts(acme, cast):
    group = shelf.make_group(acme, "Customers", acting_user=cast.bob)
    other = shelf.make_group(acme, "Partners", acting_user=cast.bob)
    with pytest.raises(NotPromised, match="Another group"):
        shelf.make_group(acme, "Customers", acting_user=cast.bob)
    with pytest.raises(NotPromised, match="Another group"):
        shelf.rename_group(other, "Customers", acting_user=cast.bob)
    add_contact(acme, Person(ANNA), groups=[group], acting_user=cast.bob)
    shelf.delete_group(group, acting_user=cast.bob)
    assert list(Group.objects.values_list("name", flat=True)) == ["Partners"]
    assert Contact.objects.count() == 1


def test_tags_and_values_are_read_as_people_write_them():
    assert tags_in("Customer,  VIP guest ,customer,") == ["customer", "vip guest"]
    assert values_in("city = Utrecht\n\nCar=DX = 1") == {"city": "Utrecht", "car": "DX = 1"}
    assert values_text({"city": "Utrecht", "car": "x"}) == "city = Utrecht\ncar = x"


@pytest.mark.parametrize(
    ("heading", "name"),
    [("First name", "first_name"), (" Stad ", "stad"), ("Prijs (€)", "prijs"), ("2e", ""), ("€", "")],
)
def test_a_columns_heading_is_a_placeholder(heading, name):
    assert placeholder_of(heading) == name
