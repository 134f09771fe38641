"""Contacts and do-not-send numbers from a file, and what is done to contacts chosen in their list."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from messaging.people.contacts import Person, keep_contacts
from messaging.people.groups import make_group
from messaging.people.models import Contact, Group, OptOut
from messaging.people.optouts import opt_out, opted_out
from portal.bulk.models import Batch
from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from tests.bulk.office import Office
from tests.messaging.people import ANNA, BEN, CARLA

CONTACTS, NUMBERS = "messaging.import_contacts", "messaging.import_opt_outs"
LIST = "messaging.contacts"


@dataclass
class Company:
    tenant: Tenant

    def scope(self) -> AbstractContextManager[None]:
        return tenant_scope(self.tenant.pk)

    def work(self, rounds: int) -> None:
        """No vendor is asked anything."""


class Reception(Office):
    kind = CONTACTS

    def upload(self, content: str, **_ignored) -> object:
        file = SimpleUploadedFile("people.csv", content.encode(), content_type="text/csv")
        return self.client.post(self.url("new", self.kind), {"form_key": str(uuid4()), "file": file})

    def tell(self, batch: Batch, **details) -> object:
        told = {f"column_{name}": str(at) for name, at in batch.columns.items()}
        return self.client.post(self.url("details", batch.pk), {"form_key": str(uuid4()), **told, **details})

    def imported(self, content: str, **details) -> Batch:
        self.press("start", self.checked(content, **details))
        return self.finish()

    def chosen(self, kind: str, ids: list[int], **details) -> Batch:
        """The batch of a bulk action upon these contacts, started."""
        answer = self.choose(f"messaging.{kind}", LIST, pk=ids)
        assert answer.status_code == 302, answer.content.decode()
        if details:
            self.tell(self.batch(), **details)
        self.work()
        self.press("start", self.batch())
        return self.finish()


@pytest.fixture
def office(transactional_db, cast, client) -> Reception:
    client.force_login(cast.bob)
    return Reception(Company(cast.acme), client)


def book(office) -> dict[str, Contact]:
    with office.video.scope():
        return {contact.number: contact for contact in Contact.objects.all()}


def test_a_file_becomes_contacts_in_a_group_with_values(office):
    content = "Mobiel;Naam;Stad;Tags\n06 12345671;Anna;Utrecht;customer, VIP\n0031612345672;Ben;;\n"
    batch = office.checked(content, group="Spring", keep_columns="on")
    page = office.page(batch)
    assert "<code>stad</code>" in page
    assert "Spring" in page
    office.press("start", batch)
    batch = office.finish()
    assert (batch.state, batch.outcomes) == ("done", {"done": 2})
    found = book(office)
    assert (found[ANNA].name, found[ANNA].tags, found[ANNA].values) == (
        "Anna",
        ["customer", "vip"],
        {"stad": "Utrecht"},
    )
    assert found[BEN].values == {}
    with office.video.scope():
        assert set(Contact.objects.filter(places__group__name="Spring")) == set(found.values())


def test_other_columns_are_left_out_where_nobody_wants_them(office):
    office.imported("number,name,city\n0612345671,Anna,Utrecht\n")
    assert book(office)[ANNA].values == {}


def test_bad_rows_are_named_and_a_number_written_otherwise_is_the_same(office):
    batch = office.checked(
        "number,name\n"
        "0612345671,Anna\n"
        "020 1234567,Office\n"
        "+31 6 12345671,Anna again\n"
        ",Nobody\n"
        "+32470123456,Luc\n"
        f"0612345672,{'x' * 121}\n"
    )
    reasons = office.reasons(batch)
    assert "mobile number." in reasons[3]
    assert reasons[4].startswith("The same as line 2")
    assert reasons[5] == "“Mobile number” is empty."
    assert "BE" in reasons[6]
    assert "longer than 120" in reasons[7]
    assert (batch.good, batch.bad) == (1, 5)


def test_a_known_number_gets_what_it_has_not(office, cast):
    with office.video.scope():
        keep_contacts(cast.acme, [Person(ANNA, "Anna", ["customer"])], acting_user=cast.bob)
    batch = office.imported("number,name,tags\n0612345671,,vip\n0612345672,Ben,\n")
    assert batch.outcomes == {"done": 2}
    found = book(office)
    assert (found[ANNA].name, found[ANNA].tags) == ("Anna", ["customer", "vip"])
    assert found[BEN].name == "Ben"


def test_a_file_of_numbers_becomes_do_not_send_numbers(office, cast):
    with office.video.scope():
        opt_out(cast.acme.pk, [BEN], OptOut.Source.REPLY, acting_user=None)
    office.kind = NUMBERS
    batch = office.imported(f"nummer,opmerking\n0612345671,By letter\n{BEN},\n+32470123456,\n")
    assert office.reasons(batch) == {3: "It stands on the do-not-send list already."}
    with office.video.scope():
        assert opted_out([ANNA, BEN, CARLA, "+32470123456"]) == {ANNA, BEN, "+32470123456"}
        anna = OptOut.objects.get(number=ANNA)
        assert (anna.source, anna.note, anna.created_by) == ("file", "By letter", cast.bob)


@pytest.fixture
def three(office, cast) -> list[int]:
    """The ids of Anna, Ben and Carla."""
    with office.video.scope():
        keep_contacts(cast.acme, [Person(ANNA, "Anna"), Person(BEN), Person(CARLA)], acting_user=cast.bob)
        return list(Contact.objects.order_by("number").values_list("pk", flat=True))


def test_chosen_contacts_join_a_group_and_leave_it(office, cast, three):
    with office.video.scope():
        group = make_group(cast.acme, "VIP", acting_user=cast.bob)
    assert office.chosen("add_to_group", three[:2], group=str(group.pk)).outcomes == {"done": 2}
    with office.video.scope():
        assert group.members.count() == 2
    office.chosen("remove_from_group", three, group=str(group.pk))
    with office.video.scope():
        assert group.members.count() == 0


def test_a_group_that_went_meanwhile_takes_nobody(office, cast, three):
    with office.video.scope():
        group = make_group(cast.acme, "VIP", acting_user=cast.bob)
    office.choose("messaging.add_to_group", LIST, pk=three)
    office.tell(office.batch(), group=str(group.pk))
    office.work()
    with office.video.scope():
        Group.objects.all().delete()
    office.press("start", office.batch())
    batch = office.finish()
    assert (batch.state, batch.refused) == ("done", 3)
    assert all("not there any more" in reason for reason in office.reasons(batch).values())


def test_chosen_contacts_come_on_the_do_not_send_list(office, three):
    office.chosen("send_nothing", three[:1], note="By letter")
    with office.video.scope():
        assert opted_out([ANNA, BEN]) == {ANNA}


def test_chosen_contacts_are_deleted_and_others_stay(office, three):
    batch = office.chosen("delete_contacts", three[:2])
    assert (batch.state, batch.promised) == ("done", 2)
    assert set(book(office)) == {CARLA}


def test_contacts_of_another_company_cannot_be_chosen(office, cast):
    with tenant_scope(cast.globex.pk):
        keep_contacts(cast.globex, [Person(ANNA)], acting_user=cast.charlie)
        theirs = Contact.objects.get().pk
    office.choose("messaging.delete_contacts", LIST, pk=[theirs])
    office.work()
    assert office.batch().good == 0
    with tenant_scope(cast.globex.pk):
        assert Contact.objects.exists()
