"""What Acme tells of its account at the vendor: who may, what it does to sending, to the keys and to the trail."""

from uuid import uuid4

import pytest

from messaging import accounts
from messaging.models import Batch, SmsAccount
from portal.audit.models import Entry

KEEP = {"key_level": "applications", "keys_url": ""}


@pytest.fixture
def settings_of(mailroom):
    def read() -> SmsAccount:
        with mailroom.scope():
            return SmsAccount.objects.get(connection=mailroom.connection)

    return read


def change(client, cast, person, **fields):
    client.force_login(person)
    return client.post("/t/acme/sms/account/change/", KEEP | {"form_key": str(uuid4())} | fields)


def test_adam_turns_test_mode_on(mailroom, cast, client, settings_of):
    before = settings_of()
    answer = change(client, cast, cast.adam, test_mode="on", wants_reports="on", keys_url=before.keys_url)
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "on: texts of at most 160 characters" in page
    after = settings_of()
    assert (after.test_mode, after.longest_text, after.keys_due_at) == (True, 160, before.keys_due_at)
    with mailroom.scope():
        entry = Entry.objects.get(action="messaging.account_changed")
    assert (entry.before, entry.after, entry.actor) == ({"test_mode": False}, {"test_mode": True}, cast.adam)


def test_the_same_settings_again_leave_no_trace(mailroom, cast, settings_of):
    with mailroom.scope():
        accounts.change_account(settings_of(), {"test_mode": False}, acting_user=cast.adam)
        assert not Entry.objects.filter(action="messaging.account_changed").exists()


@pytest.mark.parametrize("name", ["bob", "vera", "bill"])
def test_others_read_the_settings_and_cannot_change_them(mailroom, cast, client, settings_of, name):
    person = getattr(cast, name)
    assert change(client, cast, person, test_mode="on").status_code == 403
    assert not settings_of().test_mode
    if name != "bill":
        page = client.get("/t/acme/sms/keys/").content.decode()
        assert "The account at the vendor" in page
        assert "account/change/" not in page


def test_another_place_of_the_keys_has_them_read_again(mailroom, cast, client, settings_of):
    before = settings_of()
    change(client, cast, cast.adam, wants_reports="on", key_level="teams", keys_url=before.keys_url)
    after = settings_of()
    assert after.key_level == "teams"
    assert after.keys_asked_at is not None
    assert after.keys_due_at > before.keys_due_at


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://keys.example.com/", "must begin with https://"),
        ("https://169.254.169.254/latest", "network"),
        ("https://me:secret@keys.example.com/", "Credentials do not belong"),
    ],
)
def test_keys_are_not_fetched_from_anywhere(mailroom, cast, client, settings, settings_of, address, said):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    before = settings_of()
    answer = change(client, cast, cast.adam, wants_reports="on", keys_url=address)
    assert (answer.status_code, settings_of().keys_url) == (422, before.keys_url)
    assert said in answer.content.decode()


def test_without_reports_the_vendor_is_given_no_address_and_none_are_missed(dispatch, cast, settings_of):
    with dispatch.scope():
        accounts.change_account(settings_of(), {"wants_reports": False}, acting_user=cast.adam)
    campaign = dispatch.send(dispatch.released(2))
    sent = dispatch.mailroom.control.sms(dispatch.mailroom.client_id)
    assert [each["webhook_url"] for each in sent] == ["", ""]
    with dispatch.scope():
        assert Batch.objects.get(campaign=campaign).reports_due_at is None


def test_with_reports_it_is_given_one(dispatch):
    """The control of the test above."""
    campaign = dispatch.send(dispatch.released(1))
    [sent] = dispatch.mailroom.control.sms(dispatch.mailroom.client_id)
    assert "/sms/reports/" in sent["webhook_url"]
    with dispatch.scope():
        assert Batch.objects.get(campaign=campaign).reports_due_at is not None
