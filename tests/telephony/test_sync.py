"""The mirror follows the vendor; what was made or removed there directly is told, and decided by people."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telephony import drift
from telephony.models import Drift
from tests.telephony.telephone import Telephone


def behind(telephone, *usernames: str) -> None:
    for username in usernames:
        telephone.control.add_sip_account_behind(telephone.client_id, username, name=username.title())


def decide(telephone, decision, who) -> None:
    with telephone.scope():
        decision(Drift.objects.open().get(), reason="It was ours", acting_user=who)


@pytest.fixture
def full(cast, sandbox, transactional_db, quick_vendor) -> Telephone:
    """A connection to an account that had telephones before."""
    made = Telephone(cast.acme, sandbox)
    behind(made, "anna", "ben")
    made.sync()
    return made


def test_what_was_there_before_the_first_reading_is_no_difference(full):
    assert full.usernames() == ["anna", "ben"]
    assert full.differences() == []
    assert full.account("anna").name == "Anna"
    assert full.account("anna").password.reveal()


def test_a_change_at_the_vendor_is_followed(full):
    full.control.change_sip_account_behind(full.client_id, full.account("anna").vendor_id, name="Anna B.")
    full.sync()
    assert full.account("anna").name == "Anna B."


def test_a_reading_that_finds_nothing_changed_writes_nothing_but_its_own_time(full):
    before = full.mirror().read_at
    with CaptureQueriesContext(connection) as asked:
        full.sync()
    written = [
        query["sql"]
        for query in asked.captured_queries
        if query["sql"].lower().startswith(('insert into "telephony', 'update "telephony', 'delete from "telephony'))
    ]
    assert all("mirrorstate" in sql for sql in written), written
    assert full.mirror().read_at > before


def test_an_account_made_at_the_vendor_is_a_difference_that_can_be_adopted(full, cast):
    behind(full, "carol")
    full.sync()
    assert full.differences() == [("unknown_account", "carol")]
    decide(full, drift.adopt, cast.alice)
    full.sync()
    assert full.differences() == []
    assert full.account("carol").name == "Carol"
    assert full.account("carol").password.reveal()


def test_an_account_removed_at_the_vendor_is_a_difference_that_can_be_adopted(full, cast):
    full.control.remove_sip_account_behind(full.client_id, full.account("anna").vendor_id)
    full.sync()
    assert full.differences() == [("missing_account", "anna")]
    assert full.usernames() == ["anna", "ben"], "nothing is taken away by itself"
    decide(full, drift.adopt, cast.alice)
    assert full.usernames() == ["ben"]


def test_a_difference_that_went_away_is_told_no_more(full):
    behind(full, "carol")
    full.sync()
    (carol,) = [each for each in full.truth()["sip_accounts"] if each["username"] == "carol"]
    full.control.remove_sip_account_behind(full.client_id, carol["id"])
    full.sync()
    assert full.differences() == []
    with full.scope():
        assert Drift.objects.get().state == Drift.State.GONE


def test_a_repaired_difference_that_was_not_is_noted_again(full, cast):
    behind(full, "carol")
    full.sync()
    decide(full, drift.mark_repaired, cast.alice)
    assert full.differences() == []
    full.sync()
    assert full.differences() == [("unknown_account", "carol")]


def test_who_decides_second_is_told(full, cast):
    behind(full, "carol")
    full.sync()
    with full.scope():
        seen = Drift.objects.get()
    decide(full, drift.adopt, cast.alice)
    with full.scope(), pytest.raises(drift.NotOpen):
        drift.adopt(seen, reason="me too", acting_user=cast.bob)


def test_what_is_under_way_is_left_alone(full, cast):
    full.create("dora", cast.bob)
    full.sync()
    assert full.differences() == []
    assert full.account("dora").state == "requested"
    full.work()
    full.sync()
    assert full.differences() == []
    assert full.account("dora").state == "active"


def test_a_vendor_that_cannot_be_read_changes_nothing_and_is_told(full):
    full.control.add_fault("status", status=503, method="GET")
    full.sync()
    assert full.usernames() == ["anna", "ben"]
    assert full.mirror().error


def test_a_list_cut_short_deletes_nothing(full):
    full.control.add_fault("slow_bytes", method="GET", path="/sipaccounts")
    full.sync()
    assert full.mirror().error
    assert full.usernames() == ["anna", "ben"]
    assert full.differences() == []


def test_the_external_script_is_mirrored_with_its_changes_and_its_end(full):
    full.control.set_script_behind(full.client_id, "https://example.com/a.xml", "Night")
    full.sync()
    script = full.script()
    assert (script.name, script.url.reveal()) == ("Night", "https://example.com/a.xml")
    full.control.set_script_behind(full.client_id, "https://example.com/b.xml", "Night")
    full.sync()
    assert full.script().url.reveal() == "https://example.com/b.xml"
    full.control.remove_script_behind(full.client_id)
    full.sync()
    assert full.script() is None
