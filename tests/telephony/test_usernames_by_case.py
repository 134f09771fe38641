"""At the vendor two usernames may differ by case alone: each is an account of its own, and none is taken for the other."""

import pytest

from telephony import drift
from telephony.models import Drift, SipAccount
from tests.telephony.telephone import Telephone
from tests.telephony.test_bulk import Exchange, names
from tests.telephony.test_sync import behind, decide


@pytest.fixture
def exact(cast, sandbox, transactional_db, quick_vendor) -> Telephone:
    """A connection to a vendor that tells usernames apart letter by letter."""
    made = Telephone(cast.acme, sandbox)
    made.control.put_account(made.client_id, case_tells_apart=True)
    return made


@pytest.fixture
def known(exact) -> Telephone:
    """Read once, with no account in it."""
    exact.sync()
    return exact


@pytest.fixture
def twins(exact) -> Telephone:
    """An account that had both before it was first read."""
    behind(exact, "ann", "Ann")
    exact.sync()
    return exact


def passwords(telephone: Telephone) -> dict[str, str]:
    with telephone.scope():
        return {each.username: each.password.reveal() for each in SipAccount.objects.all()}


def ids(telephone: Telephone) -> dict[str, str]:
    return {each["username"]: each["id"] for each in telephone.truth()["sip_accounts"]}


def test_the_first_reading_takes_both_over(twins):
    assert twins.mirror().error == ""
    assert sorted(twins.usernames()) == ["Ann", "ann"]
    assert twins.differences() == []
    told = passwords(twins)
    assert told["Ann"] != told["ann"]


def test_a_change_of_one_leaves_the_other(twins):
    twins.control.change_sip_account_behind(twins.client_id, ids(twins)["Ann"], name="Ann B.")
    twins.sync()
    with twins.scope():
        assert dict(SipAccount.objects.values_list("username", "name")) == {"ann": "Ann", "Ann": "Ann B."}


def test_one_that_is_made_later_is_a_difference_and_can_be_adopted(known, cast):
    known.create("ann", cast.bob)
    known.work()
    behind(known, "Ann")
    known.sync()
    assert known.differences() == [("unknown_account", "Ann")]
    decide(known, drift.adopt, cast.alice)
    known.sync()
    assert known.differences() == []
    assert set(passwords(known)) == {"ann", "Ann"}
    assert all(passwords(known).values())


@pytest.mark.parametrize(
    ("listed", "its_id", "differences"),
    [
        (["Ann", "ann"], "Ann", [("unknown_account", "ann")]),
        (["ann"], "ann", []),
        (
            ["ann", "ANN"],
            None,
            [("missing_account", "Ann"), ("unknown_account", "ANN"), ("unknown_account", "ann")],
        ),
    ],
    ids=["its very name", "the only one alike", "it might be either"],
)
def test_an_account_without_an_id_finds_itself_and_nobody_else(known, listed, its_id, differences):
    with known.scope():
        made = SipAccount.objects.create(
            tenant=known.tenant, connection=known.connection, username="Ann", state="active"
        )
    behind(known, *listed)
    known.sync()
    with known.scope():
        made.refresh_from_db()
    assert made.vendor_id == (ids(known)[its_id] if its_id else "")
    assert sorted(known.differences()) == differences


def test_adopting_that_one_without_an_id_is_gone_ends_no_other(known, cast):
    with known.scope():
        for username in ("Ann", "Ben"):
            SipAccount.objects.create(
                tenant=known.tenant, connection=known.connection, username=username, state="active"
            )
    known.sync()
    assert known.differences() == [("missing_account", "Ann"), ("missing_account", "Ben")]
    with known.scope():
        drift.adopt(Drift.objects.get(key="Ann"), reason="gone", acting_user=cast.alice)
    assert known.usernames() == ["Ben"]


def test_one_that_was_removed_and_made_again_there_is_adopted_in_that_order(twins, cast):
    twins.control.remove_sip_account_behind(twins.client_id, ids(twins)["Ann"])
    behind(twins, "Ann")
    twins.sync()
    with twins.scope():
        missing, unknown = Drift.objects.open().order_by("kind")
        with pytest.raises(drift.NameLives):
            drift.adopt(unknown, reason="ours", acting_user=cast.alice)
        drift.adopt(missing, reason="gone", acting_user=cast.alice)
        drift.adopt(unknown, reason="ours", acting_user=cast.alice)
    twins.sync()
    assert twins.differences() == []
    assert sorted(twins.usernames()) == ["Ann", "ann"]


def test_a_file_changes_the_one_it_names(twins, cast, client):
    client.force_login(cast.bob)
    office = Exchange(twins, client)
    office.imported("username,name\nAnn,Ann of sales\n")
    assert names(twins) == {"ann": "Ann", "Ann": "Ann of sales"}
    batch = office.checked("username,name\nANN,Who?\n")
    assert "capitals alone" in office.reasons(batch)[2]
