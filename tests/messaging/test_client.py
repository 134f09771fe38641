"""The clients against the simulated vendor, each side held to the vendor's published contracts by the relay between them."""

from datetime import UTC

import pytest

from messaging.client import Deletion, KeyLevel, KeyStatus, Outgoing
from portal.vendors.errors import (
    VendorOutcomeUnknown,
    VendorProtocolError,
    VendorRefused,
    VendorThrottled,
    VendorUnavailable,
)
from tests.messaging.conftest import Line, acme_tokens
from tests.messaging.kpn_contract import OPERATIONS

ANN, BOB, CAROL = "+31612345601", "+31612345602", "+447911123456"
REPORTS = "https://portal.example/sms/reports/token"


def send(line, *numbers, text="Hello", **how):
    how = {"sender": "Acme", "webhook_url": REPORTS, **how}
    return line.sms.send([Outgoing(text, numbers or (ANN,))], **how)


# --- Sending ------------------------------------------------------------------------------------------------------------


def test_everybody_gets_their_text(line, control, account):
    sent = line.sms.send(
        [Outgoing("Hello both", [ANN, BOB]), Outgoing("Grüße 🎉\nCarol", [CAROL])],
        sender="Acme",
        webhook_url=REPORTS,
        expires_in=3600,
    )
    assert sent.status == "OK"
    assert sent.raw == {}
    reached = control.sms(account)
    assert [(sms["number"], sms["text"]) for sms in reached] == [
        (ANN, "Hello both"),
        (BOB, "Hello both"),
        (CAROL, "Grüße 🎉\nCarol"),
    ]
    for sms in reached:
        assert (sms["document_id"], sms["sender"], sms["webhook_url"]) == (sent.document_id, "Acme", REPORTS)
        assert sms["expires_in"] == 3600


def test_without_an_address_and_an_end_neither_is_sent(line, control, account):
    send(line, webhook_url="")
    (sms,) = control.sms(account)
    assert (sms["webhook_url"], sms["expires_in"]) == ("", None)


def test_the_most_that_a_call_may_carry(line, control, account):
    numbers = [f"+31612340{place:03d}" for place in range(200)]
    line.sms.send([Outgoing("é" * 1000, [number]) for number in numbers], sender="x" * 11, webhook_url=REPORTS)
    assert len(control.sms(account)) == 200


def test_one_number_refused_is_the_whole_call_refused(line, control, account, relays):
    control.sms_settings(account, test_mode=True)
    with pytest.raises(VendorRefused) as caught:
        send(line, ANN, BOB, text="x" * 161)
    assert caught.value.status == 400
    assert "160 characters" in caught.value.vendor_message
    assert control.sms(account) == []


def test_a_used_up_quota_and_a_blocked_app(line, control, account):
    control.put_account(account, quota_limit=1, quota_interval=5)
    send(line)
    with pytest.raises(VendorThrottled):
        send(line)
    control.put_account(account, quota_limit=None, blocked=True)
    with pytest.raises(VendorRefused) as caught:
        send(line)
    assert (caught.value.status, caught.value.vendor_message.partition(":")[0]) == (
        403,
        "This app may not use this API",
    )
    assert len(control.sms(account)) == 1


@pytest.mark.parametrize("kind", ["lost_answer", "no_work_lost", "reset", "broken_json", "redirect"])
def test_a_sending_whose_answer_is_lost_is_unknown(direct, control, kind):
    control.add_fault(kind, method="POST", times=1)
    with pytest.raises(VendorOutcomeUnknown):
        send(direct)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("after_work", [True, False])
def test_a_failure_of_the_vendors_proves_nothing(direct, control, account, status, after_work):
    control.add_fault("status", status=status, after_work=after_work, times=1)
    with pytest.raises(VendorOutcomeUnknown) as caught:
        send(direct)
    assert (caught.value.status, bool(control.sms(account))) == (status, after_work)


def test_what_never_left_may_be_sent_later(sandbox, control, account):
    nowhere = Line("http://127.0.0.1:9", "http://127.0.0.1:9", acme_tokens(sandbox))
    with pytest.raises(VendorUnavailable):
        send(nowhere)


# --- Signing keys -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", list(KeyLevel))
def test_a_rotation_from_the_first_key_to_the_second(line, level):
    keys = line.keys(level)
    assert keys.list() == []
    old = keys.create("the old secret", "wk_old", staged=False)
    assert (old.key_id, old.status, old.raw) == ("wk_old", KeyStatus.ACTIVE, {})
    assert old.created_at.tzinfo is UTC
    new = keys.create(" the new secret ", "wk_new", staged=True)
    assert new.status is KeyStatus.STAGED
    assert keys.reveal().secret == "the old secret"

    assert keys.activate("wk_new").status is KeyStatus.ACTIVE
    revealed = keys.reveal()
    assert (revealed.key.key_id, revealed.key.status, revealed.secret) == ("wk_new", "active", " the new secret ")
    assert [(key.key_id, key.status) for key in keys.list()] == [("wk_new", "active"), ("wk_old", "retiring")]
    assert [key.key_id for key in keys.list(KeyStatus.RETIRING)] == ["wk_old"]

    assert keys.retire("wk_old").status is KeyStatus.RETIRED
    assert keys.delete("wk_old") is Deletion.DELETED
    assert keys.delete("wk_old") is Deletion.ALREADY_GONE
    assert [key.key_id for key in keys.list()] == ["wk_new"]


def test_refusals_have_their_status_and_the_vendors_words(line, control, account):
    keys = line.keys()
    keys.create("secret", "wk_1", staged=True)
    for call, status, words in (
        (lambda: keys.create("secret", "wk_1", staged=True), 400, "already"),
        (lambda: keys.retire("wk_1"), 400, "not in retiring state"),
        (lambda: keys.delete("wk_1"), 400, "not in retired state"),
        (lambda: keys.activate("wk_2"), 404, "Not Found"),
        (lambda: keys.retire("wk_2"), 404, "Not Found"),
        (keys.reveal, 404, "No active signing key"),
    ):
        with pytest.raises(VendorRefused) as caught:
            call()
        assert caught.value.status == status
        assert words in caught.value.vendor_message
    control.sms_settings(account, keys_offered=False)
    with pytest.raises(VendorRefused) as caught:
        keys.list()
    assert caught.value.status == 403


def test_together_these_are_all_operations_of_the_contracts(line, relays):
    """Without this, a call that is never made could break the contract unseen."""
    send(line)
    for level in KeyLevel:
        keys = line.keys(level)
        keys.create("secret", "wk_1", staged=True)
        keys.activate("wk_1")
        keys.reveal()
        keys.create("secret", "wk_2", staged=False)
        keys.retire("wk_1")
        keys.delete("wk_1")
        keys.list()
    called = {name for relay in relays for name in relay.operations}
    assert called == {operation.name for operation in OPERATIONS}


WRITES = {
    "create": lambda keys: keys.create("another secret", "wk_2", staged=True),
    "activate": lambda keys: keys.activate("wk_1"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("body", [[], [[]], 7, "text", {"key_id": "another"}, {"key_id": ["wk_1"]}, [{}, {}]])
def test_a_write_whose_answer_makes_no_sense_is_unknown(direct, control, write, body):
    keys = direct.keys()
    keys.create("secret", "wk_1", staged=True)
    control.add_fault("wrong_shape", body=body, times=1)
    with pytest.raises(VendorOutcomeUnknown):
        write(keys)


@pytest.mark.parametrize("body", [{"unexpected": ["shape"]}, [{}], 7, "text", None])
def test_a_reading_that_makes_no_sense(direct, control, body):
    direct.keys().create("secret", "wk_1", staged=False)
    control.add_fault("wrong_shape", body=body, times=2)
    with pytest.raises(VendorProtocolError):
        direct.keys().list()
    with pytest.raises(VendorProtocolError):
        direct.keys().reveal()


# --- What the call log keeps --------------------------------------------------------------------------------------------


def whole_log(line):
    return "".join(record.path + record.request + record.response + record.error for record in line.log)


def test_the_call_log_knows_neither_numbers_nor_texts(line):
    sent = send(line, ANN, CAROL, text="Your code is 4711")
    log = whole_log(line)
    assert sent.document_id in log
    assert "+316***01,+447***56" in log
    assert "Acme" in log
    for private in ("345601", "911123", "4711", "code", REPORTS):
        assert private not in log


def test_the_vendors_words_about_a_number_do_not_tell_it(direct, control):
    body = {"errorResponse": {"code": "400", "message": "0612345601 and 31612345602 are barred", "info": ANN}}
    control.add_fault("wrong_shape", body=body, times=1)
    with pytest.raises(VendorOutcomeUnknown) as caught:
        send(direct)
    assert "345" not in f"{caught.value} {caught.value.vendor_message} {caught.value.raw}" + whole_log(direct)
    assert "061***01 and 316***02 are barred" in whole_log(direct)


def test_no_secret_of_a_key_is_in_the_call_log(line):
    keys = line.keys()
    keys.create("a shared hush-hush", "wk_1", staged=False)
    revealed = keys.reveal()
    assert "wk_1" in whole_log(line)
    assert "hush-hush" not in whole_log(line) + repr([revealed, keys.list()])


def test_what_is_sent_is_not_told_by_its_repr():
    assert "4711" not in repr(Outgoing("code 4711", [ANN]))
    assert ANN not in repr(Outgoing("code 4711", [ANN]))
