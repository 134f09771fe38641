"""The directory follows the telephone system; what was new, changed and gone is kept with its time."""

import pytest

from portal.audit.models import Entry
from realtime.extensions.models import CallerId, Extension
from realtime.extensions.numbers import external


def id_of(office, name: str) -> str:
    return next(row["extension_id"] for row in office.truth()["extensions"] if row["name"] == name)


def test_the_directory_has_everybody_and_every_dialplan(office):
    assert office.numbers(kind="user") == ["001", "201", "202", "203"]
    assert office.numbers(kind="dialplan") == ["345", "346"]
    assert office.extension("Sales").external_number == "+31102612345"
    assert office.account().read_at


def test_numbers_and_ids_in_the_documents_other_spellings_are_the_same_extensions(office):
    office.control.put_kwebbl(office.client_id, spelling="mixed")
    office.sync()
    assert len(office.numbers()) == 6
    assert office.numbers(changed_at=None) == office.numbers()


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("31102612345", "+31102612345"),
        ("+31102612345", "+31102612345"),
        ("0031102612345", "+31102612345"),
        ("0102612345", "0102612345"),
        ("", ""),
    ],
)
def test_an_external_number_has_one_spelling_here(told, kept):
    assert external(told) == kept


def test_what_is_new_changed_and_gone_is_told_with_its_time(office):
    office.control.add_kwebbl_extension(office.client_id, "user", name="Carol", number="204")
    office.control.change_kwebbl_extension(office.client_id, id_of(office, "Bob de Vries"), name="Bob Smit")
    office.control.remove_kwebbl_extension(office.client_id, id_of(office, "Support"))
    office.sync()
    assert office.extension("Carol").first_seen_at > office.extension("Alice Jansen").first_seen_at
    assert office.extension("Bob Smit").changed_at
    assert office.extension("Support").gone_at
    with office.scope():
        told = set(Entry.objects.filter(action__startswith="realtime.extension").values_list("action", "object_label"))
    assert told == {
        ("realtime.extension_found", "Carol"),
        ("realtime.extension_changed_at_vendor", "Bob Smit"),
        ("realtime.extension_gone_at_vendor", "Support"),
    }


def test_who_comes_back_is_the_same_row(office):
    support = id_of(office, "Support")
    office.control.remove_kwebbl_extension(office.client_id, support)
    office.sync()
    pk = office.extension("Support").pk
    office.control.add_kwebbl_extension(
        office.client_id, "dialplan", name="Support", number="346", extension_id=support
    )
    office.sync()
    assert office.extension("Support").pk == pk
    assert office.extension("Support").gone_at is None


def test_what_a_grant_is_not_shown_is_not_thought_gone(office, cast):
    office.connect(cast.alice, ["company.users"])
    office.sync()
    assert office.numbers(kind="dialplan", gone_at=None) == ["345", "346"]


def test_a_list_with_a_hole_proves_no_absence(office):
    office.control.add_kwebbl_extension(office.client_id, "user", name="Hole", number="2" * 30)
    office.control.remove_kwebbl_extension(office.client_id, id_of(office, "Support"))
    office.sync()
    assert office.extension("Support").gone_at is None
    assert office.account().error


def test_a_reading_that_fails_changes_nothing_and_is_told(office):
    before = office.account().read_at
    office.control.add_fault("status", path="/extensions", status=500, times=5)
    office.control.remove_kwebbl_extension(office.client_id, id_of(office, "Support"))
    office.sync()
    assert office.account().error
    assert office.account().read_at == before
    assert office.extension("Support").gone_at is None


def test_without_a_grant_nothing_is_asked(unconnected):
    unconnected.sync()
    assert unconnected.account().read_at is None
    assert unconnected.control.requests(unconnected.client_id) == []


def test_caller_ids_are_read_with_their_age(office):
    with office.scope():
        bob = Extension.objects.get(name="Bob de Vries")
        assert bob.caller_ids_read_at
        assert sorted(bob.caller_ids.values_list("number", flat=True)) == ["+31102612345", "+31102612346"]


def test_caller_ids_are_not_read_again_while_they_are_young(office):
    path = "/extensions/{id}/multiple_caller_ids"
    before = office.control.count_requests(office.client_id, "GET", path)
    office.sync()
    assert office.control.count_requests(office.client_id, "GET", path) == before > 0


def test_a_caller_id_that_is_offered_no_more_goes(office):
    with office.scope():
        bob = Extension.objects.get(name="Bob de Vries")
        CallerId.objects.create(tenant=office.tenant, extension=bob, vendor_id="f" * 32, number="+31999")
        Extension.objects.filter(pk=bob.pk).update(caller_ids_read_at=None)
    office.sync()
    with office.scope():
        assert not CallerId.objects.filter(number="+31999").exists()


def test_another_companys_directory_is_its_own(office, cast):
    from portal.tenancy.scope import tenant_scope

    with tenant_scope(cast.globex.pk):
        assert not Extension.objects.exists()
        assert not CallerId.objects.exists()
