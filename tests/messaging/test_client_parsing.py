"""Every shape of answer that the vendor's documents allow, what is kept of others, and what is never sent."""

from datetime import UTC, datetime

import pytest

from messaging.client import (
    KeyStatus,
    KpnSmsClient,
    Outgoing,
    RemoteKey,
    RevealedKey,
    Sent,
    SigningKeyClient,
)
from portal.vendors.errors import VendorOutcomeUnknown, VendorProtocolError, VendorRefused
from tests.vendors.raw import Caller, raw_vendor, replying
from tests.vendors.raw import reply as raw_reply

ANN, CAROL = "+31612345601", "+447911123456"
DOCUMENT = "b4e905d4-774c-4c83-8360-01427e17a33a"
KEY = {"key_id": "wk_1", "status": "active", "created_at": "2026-11-21T08:00:00.136Z", "updated_at": None}
EIGHT = datetime(2026, 11, 21, 8, 0, 0, 136000, tzinfo=UTC)


def sent_with(status, answer):
    """What `send` makes of this answer."""
    with raw_vendor(replying(raw_reply(status, answer))) as vendor:
        return KpnSmsClient(Caller(vendor.url)).send([Outgoing("Hello", [ANN])], sender="Acme", webhook_url="")


def keys_with(status, answer, call):
    with raw_vendor(replying(raw_reply(status, answer))) as vendor:
        return call(SigningKeyClient(Caller(vendor.url), "teams"))


# --- The answer to a sending --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "raw"),
    [
        ({"document_id": DOCUMENT, "status": "OK"}, "OK", {}),
        ([{"document_id": DOCUMENT, "status": "OK"}], "OK", {}),
        ({"document_id": DOCUMENT}, "", {}),
        ({"document_id": DOCUMENT, "status": None}, "", {}),
        ({"document_id": f" {DOCUMENT} ", "status": "Queued for later"}, "Queued for later", {}),
        ({"document_id": DOCUMENT, "status": {"code": 1}}, "", {"status": {"code": 1}}),
        ({"document_id": DOCUMENT, "status": 200, "parts": 2}, "200", {"parts": 2}),
        ({"document_id": DOCUMENT, "errorResponse": {"code": "500"}}, "", {"errorResponse": {"code": "500"}}),
    ],
)
@pytest.mark.parametrize("code", [200, 201, 202])
def test_a_document_id_means_that_it_was_sent(code, answer, status, raw):
    sent = sent_with(code, answer)
    assert (sent.document_id, sent.status, sent.raw) == (DOCUMENT, status, raw)


def test_a_document_id_may_be_a_number():
    assert sent_with(200, {"document_id": 4711, "status": "OK"}).document_id == "4711"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "OK"},
        {"document_id": "", "status": "OK"},
        {"document_id": None},
        {"document_id": ["x"]},
        {"document_id": "x" * 101},
        {"status": "Failed"},
        {"errorResponse": {"code": "400", "message": "Bad Request", "info": "x"}},
        [],
        [{"document_id": "a"}, {"document_id": "b"}],
        b"",
        b"OK",
        b"null",
        b'"OK"',
    ],
)
def test_without_a_document_id_nobody_knows(answer):
    with pytest.raises(VendorOutcomeUnknown):
        sent_with(200, answer)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"errorResponse": {"code": "400", "message": "Bad Request", "info": "https://developer.example"}},
            "Bad Request: https://developer.example",
        ),
        (
            {"transactionId": "T-1", "status": "400", "name": "InvalidBody", "message": "No messages", "info": ""},
            "No messages",
        ),
        ({"fault": {"faultstring": "Body buffer overflow", "detail": {"errorcode": "x"}}}, "Body buffer overflow"),
        ({"errorResponse": {"code": "400"}}, ""),
        (b"<html>Bad Request</html>", ""),
        (b"", ""),
    ],
)
def test_a_refusal_is_told_in_the_vendors_words(body, words):
    with pytest.raises(VendorRefused) as caught:
        sent_with(400, body)
    assert (caught.value.status, caught.value.vendor_message) == (400, words)


# --- Keys ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [KEY, [KEY], {**KEY, "status": "ACTIVE"}])
def test_one_key_comes_alone_or_in_a_list(answer):
    key = keys_with(200, answer, lambda keys: keys.activate("wk_1"))
    assert key == RemoteKey("wk_1", KeyStatus.ACTIVE, EIGHT, None)
    assert key.raw == {}


@pytest.mark.parametrize("answer", [[KEY], {"keys": [KEY]}, KEY])
def test_a_list_comes_in_several_dresses(answer):
    (key,) = keys_with(200, answer, SigningKeyClient.list)
    assert key.key_id == "wk_1"


@pytest.mark.parametrize("answer", [[], {"keys": []}])
def test_a_list_may_be_empty(answer):
    assert keys_with(200, answer, SigningKeyClient.list) == []


def test_a_state_that_is_not_known_is_kept():
    key = RemoteKey.parse({"key_id": "wk_1", "status": "expired", "created_at": "yesterday", "colour": "red"})
    assert (key.status, key.created_at) == (KeyStatus.UNTOLD, None)
    assert key.raw == {"status": "expired", "created_at": "yesterday", "colour": "red"}


def test_an_answer_without_the_keys_name_is_about_the_one_that_was_asked_for():
    assert keys_with(200, {"status": "retired"}, lambda keys: keys.retire("wk_1")).key_id == "wk_1"


def test_another_key_than_was_asked_for_is_no_answer():
    with pytest.raises(VendorOutcomeUnknown):
        keys_with(200, {**KEY, "key_id": "wk_2"}, lambda keys: keys.activate("wk_1"))


def test_a_key_without_a_name_cannot_be_listed():
    with pytest.raises(VendorProtocolError):
        keys_with(200, [KEY, {"status": "staged"}], SigningKeyClient.list)


def test_a_secret_is_taken_as_it_is():
    told = RevealedKey.parse({**KEY, "secret": " spaces and ü " + "x" * 4000})
    assert told.secret == " spaces and ü " + "x" * 4000
    assert (told.key.key_id, told.key.status) == ("wk_1", KeyStatus.ACTIVE)
    assert "spaces" not in repr(told)


@pytest.mark.parametrize("secret", [None, 7, "x" * 4097, ["x"]])
def test_a_key_revealed_without_a_usable_secret(secret):
    with pytest.raises(VendorProtocolError):
        RevealedKey.parse({**KEY, "secret": secret})


# --- What is never sent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": []},
        {"messages": [Outgoing("Hello", [])]},
        {"messages": [Outgoing("Hello", [ANN]), Outgoing("Hello", [])]},
        {"messages": [Outgoing("Hello", [ANN] * 201)]},
        {"messages": [Outgoing("Hello", [ANN] * 101)] * 2},
        {"messages": [Outgoing("", [ANN])]},
        {"messages": [Outgoing("x" * 1001, [ANN])]},
        {"messages": [Outgoing("a\0b", [ANN])]},
        {"messages": [Outgoing("\ud83c", [ANN])]},
        *(
            {"messages": [Outgoing("Hello", [number])]}
            for number in ("0612345601", "31612345601", "+31602345601", "+31672345601", "+31201234567", "", "+31")
        ),
        {"messages": [Outgoing("Hello", [f"{ANN},{ANN}"])]},
        {"messages": [Outgoing("Hello", [f"{ANN}\n"])]},
        {"sender": ""},
        {"sender": " "},
        {"sender": "x" * 12},
        {"sender": "a\nb"},
        {"webhook_url": "ftp://a.example/"},
        {"webhook_url": "https://"},
        {"webhook_url": "https://a.example/a b"},
        {"webhook_url": "https://a.example/" + "x" * 2000},
        {"expires_in": 0},
        {"expires_in": -5},
        {"expires_in": True},
        {"expires_in": 10**9},
        {"expires_in": 20, "messages": [Outgoing("Hello", [ANN, CAROL])]},
    ],
)
def test_what_the_document_does_not_allow_never_leaves(wrong):
    order = {"messages": [Outgoing("Hello", [ANN])], "sender": "Acme", "webhook_url": "", "expires_in": None, **wrong}
    with raw_vendor(replying(raw_reply(200, {"document_id": DOCUMENT}))) as vendor:
        with pytest.raises(ValueError, match=r"recipients|characters|begins with|at most"):
            KpnSmsClient(Caller(vendor.url)).send(order.pop("messages"), **order)
        assert vendor.requests == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": ""},
        {"secret": "x" * 4097},
        {"secret": "\ud83c"},
        {"key_id": ""},
        {"key_id": "x" * 129},
        {"key_id": "a/b"},
        {"key_id": "a b"},
        {"key_id": "."},
        {"key_id": "reveal"},
    ],
)
def test_a_key_that_the_document_does_not_allow_never_leaves(wrong):
    with raw_vendor(replying(raw_reply(201, KEY))) as vendor:
        with pytest.raises(ValueError, match=r"a secret has|a key ID has|cannot stand"):
            SigningKeyClient(Caller(vendor.url), "teams").create(
                **{"secret": "secret", "key_id": "wk_1", "staged": True, **wrong}
            )
        assert vendor.requests == []


@pytest.mark.parametrize("key_id", ["", ".", "..", "reveal"])
def test_an_id_that_would_name_something_else_never_leaves(key_id):
    with raw_vendor(replying(raw_reply(200, KEY))) as vendor:
        keys = SigningKeyClient(Caller(vendor.url), "teams")
        for call in (keys.activate, keys.retire, keys.delete):
            with pytest.raises(ValueError, match="cannot stand in a path"):
                call(key_id)
        assert vendor.requests == []


def test_a_level_that_there_is_not():
    with raw_vendor(replying(raw_reply(200, []))) as vendor, pytest.raises(ValueError, match="planets"):
        SigningKeyClient(Caller(vendor.url), "planets")


def test_sent_is_told_apart_by_what_matters():
    assert Sent("D-1", "OK", raw={"more": 1}) == Sent("D-1", "OK")
