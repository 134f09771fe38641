"""Whatever the clients are given, what they send keeps the contracts; and so do the simulated vendor's answers to anything."""

import json
from contextlib import suppress

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.client import KeyLevel, KeyStatus, KpnSmsClient, Outgoing, SigningKeyClient
from portal.vendors.errors import VendorError
from tests.messaging.conftest import acme_tokens
from tests.messaging.kpn_contract import (
    JSON,
    OPERATIONS,
    complaints_of_answer,
    complaints_of_request,
    operation_of,
)
from tests.vendors.raw import Caller, parsed, raw_vendor, replying
from tests.vendors.raw import reply as raw_reply

FEWER = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADERS = {"authorization": "Bearer token", "content-type": JSON}

# Few letters, of every kind that matters on the wire: reading the whole of Unicode first takes seconds.
LETTERS = "aZ9 \u00e9\u6f22\U0001f389&=%+;/?#.'\"<\\"
CONTENTS = st.text(st.sampled_from(LETTERS + "\n\u20ac"), min_size=1, max_size=60)
SENDERS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=11).filter(str.strip)
DUTCH = st.from_regex(r"\+31(6[1-58][0-9]{7}|97[0-9]{7,9})", fullmatch=True)
ABROAD = st.from_regex(r"\+[24-9][0-9]{6,14}", fullmatch=True)
ADDRESSES = st.from_regex(r"https?://[a-z0-9.-]{1,20}/[!-~]{0,60}", fullmatch=True)
NUMBERS = st.lists(DUTCH | ABROAD, min_size=1, max_size=6)
MESSAGES = st.lists(st.builds(Outgoing, CONTENTS, NUMBERS), min_size=1, max_size=4)
KEY_IDS = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,40}", fullmatch=True).filter(lambda key_id: key_id != "reveal")
ANY_IDS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=40).filter(lambda text: text not in (".", ".."))
SECRETS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=80)


# --- What the clients send ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent():
    """The request that a call makes, as method, path and JSON; it must keep the contract."""
    with raw_vendor(replying(raw_reply(200, {}))) as vendor:

        def sent_by(call):
            with suppress(VendorError):
                call(Caller(vendor.url))
            method, path, headers, body = parsed(vendor.requests.pop())
            assert complaints_of_request(method, path, headers, body) == []
            return method, path, json.loads(body) if body else None

        yield sent_by


@FEWER
@given(messages=MESSAGES, sender=SENDERS, url=ADDRESSES | st.just(""), expiry=st.none() | st.integers(21, 10**9 - 1))
def test_a_sending_is_asked_for_as_documented(sent, messages, sender, url, expiry):
    method, path, body = sent(
        lambda http: KpnSmsClient(http).send(messages, sender=sender, webhook_url=url, expires_in=expiry)
    )
    assert (method, path) == ("POST", "/send")
    assert body == {
        "messages": [{"content": each.text, "mobile_number": ",".join(each.numbers)} for each in messages],
        "sender": sender,
        **({"webhook_url": url} if url else {}),
        **({} if expiry is None else {"expirein": str(expiry)}),
    }


@FEWER
@given(level=st.sampled_from(KeyLevel), secret=SECRETS, key_id=KEY_IDS, staged=st.booleans())
def test_a_key_is_asked_for_as_documented(sent, level, secret, key_id, staged):
    asked = sent(lambda http: SigningKeyClient(http, level).create(secret, key_id, staged=staged))
    assert asked == ("POST", f"/{level}/keys", {"key_id": key_id, "secret": secret, "staged": staged})


@FEWER
@given(level=st.sampled_from(KeyLevel), key_id=ANY_IDS)
def test_whatever_an_id_is_it_stays_in_its_place(sent, level, key_id):
    for call in (SigningKeyClient.activate, SigningKeyClient.retire, SigningKeyClient.delete):
        sent(lambda http, call=call: call(SigningKeyClient(http, level), key_id))


@pytest.mark.parametrize("status", [None, *KeyStatus])
def test_lists_and_secrets_are_asked_for_as_documented(sent, status):
    query = f"?status={status.upper()}" if status else ""
    assert sent(lambda http: SigningKeyClient(http, "teams").list(status)) == ("GET", f"/teams/keys{query}", None)
    assert sent(lambda http: SigningKeyClient(http, "teams").reveal()) == ("GET", "/teams/keys/reveal", None)


# --- What the simulated vendor answers ----------------------------------------------------------------------------------

SCRAPS = st.none() | st.booleans() | st.integers(-5, 5) | CONTENTS | st.just([]) | st.just({})
RECIPIENTS = NUMBERS.map(",".join) | CONTENTS
MESSAGE = st.fixed_dictionaries({}, optional={"content": CONTENTS | SCRAPS, "mobile_number": RECIPIENTS | SCRAPS})
ORDER = st.fixed_dictionaries(
    {},
    optional={
        "messages": st.lists(MESSAGE | SCRAPS, max_size=3) | SCRAPS,
        "sender": SENDERS | SCRAPS,
        "expirein": st.sampled_from(["1", "30", "x", "-1"]) | SCRAPS,
        "webhook_url": ADDRESSES | SCRAPS,
        "colour": SCRAPS,
    },
)
NEW_KEY = st.fixed_dictionaries(
    {}, optional={"secret": SECRETS | SCRAPS, "key_id": KEY_IDS | SCRAPS, "staged": SCRAPS, "colour": SCRAPS}
)
GOOD = st.just({"messages": [{"content": "Hello", "mobile_number": "+31612345601"}], "secret": "s"})
BODIES = (ORDER | NEW_KEY | GOOD | SCRAPS).map(lambda body: json.dumps(body).encode()) | st.binary(max_size=20)


@FEWER
@given(
    operation=st.sampled_from(OPERATIONS),
    body=BODIES,
    content_type=st.sampled_from([JSON, f"{JSON}; charset=utf-8", "text/plain", ""]),
)
def test_every_answer_keeps_the_contract(sandbox, control, account, operation, body, content_type):
    base_url = sandbox.sms_url if operation.name == "send" else sandbox.keys_url
    answer = requests.request(
        operation.method,
        base_url + operation.path.replace("{key_id}", "wk_1"),
        headers={"Authorization": f"Bearer {acme_tokens(sandbox).current()}", "Content-Type": content_type},
        data=body,
        timeout=5,
    )
    kind = answer.headers.get("Content-Type", "")
    assert complaints_of_answer(operation, answer.status_code, kind, answer.content) == []


# --- Without these the sweeps above prove nothing -------------------------------------------------------------------------

HELLO = {"content": "Hello", "mobile_number": "+31612345601"}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "lacks messages"),
        ({"messages": []}, "wrong number"),
        ({"messages": [HELLO] * 5001}, "wrong number"),
        ({"messages": HELLO}, "no list"),
        ({"messages": ["Hello"]}, "no object"),
        ({"messages": [{"content": "Hello"}]}, "lacks mobile_number"),
        ({"messages": [{"mobile_number": "0612345678"}]}, "lacks content"),
        ({"messages": [{**HELLO, "content": "x" * 1001}]}, "wrong length"),
        ({"messages": [{**HELLO, "mobile_number": "0612345678, 0612345679"}]}, "names no mobile"),
        ({"messages": [{**HELLO, "mobile_number": "0601234567"}]}, "names no mobile"),
        ({"messages": [{**HELLO, "mobile_number": ["0612345678"]}]}, "no string"),
        ({"messages": [{**HELLO, "colour": "red"}]}, "unknown colour"),
        ({"messages": [{**HELLO, "mobile_number": ",".join(["0612345678"] * 201)}]}, "too many"),
        ({"messages": [HELLO], "sender": "x" * 12}, "sender has the wrong length"),
        ({"messages": [HELLO], "expirein": 60}, "expirein is no string"),
        ({"messages": [HELLO], "expirein": "soon"}, "expirein has the wrong form"),
        ({"messages": [HELLO], "webhook_url": "example.com"}, "webhook_url has the wrong form"),
        ({"messages": [{**HELLO, "mobile_number": "+447911123456"}], "expirein": "20"}, "too early"),
        (["messages"], "no object"),
    ],
)
def test_a_sending_that_breaks_the_contract_is_found(body, complaint):
    assert complaint in " ".join(complaints_of_request("POST", "/send", HEADERS, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "complaint"),
    [
        ("GET", "/send", {}, b"", "no operation"),
        ("POST", "/planets/keys", {}, b"{}", "no operation"),
        ("POST", "/teams/keys/a/b/retire", {}, b"", "no operation"),
        ("POST", "/send?to=x", {}, b"{}", "no query"),
        ("POST", "/send", {"authorization": "Basic x"}, b"{}", "no bearer token"),
        ("POST", "/send", {"content-type": "text/plain"}, b"{}", "takes JSON"),
        ("POST", "/send", {}, b"{", "cannot be read"),
        ("POST", "/send", {}, b"\xff", "cannot be read"),
        ("POST", "/teams/keys", {}, b"{}", "lacks secret"),
        ("POST", "/teams/keys", {}, b'{"secret": ""}', "secret has the wrong length"),
        ("POST", "/teams/keys", {}, b'{"secret": "x", "staged": "true"}', "staged is neither"),
        ("POST", "/teams/keys/wk_1/retire", {}, b"{}", "no body"),
        ("GET", "/teams/keys?status=staged", {}, b"", "no filter"),
        ("GET", "/teams/keys?page=2", {}, b"", "no filter"),
        ("GET", "/teams/keys/reveal?status=ACTIVE", {}, b"", "no query"),
    ],
)
def test_a_request_that_breaks_the_contract_is_found(method, path, headers, body, complaint):
    assert complaint in " ".join(complaints_of_request(method, path, {**HEADERS, **headers}, body))


NEW = {"key_id": "wk_1", "status": "staged", "created_at": "2026-11-21T08:00:00Z", "updated_at": "2026-11-21T08:00:00Z"}


@pytest.mark.parametrize(
    ("method", "path", "status", "kind", "body", "complaint"),
    [
        ("POST", "/send", 200, JSON, {"status": "OK"}, "lacks document_id"),
        ("POST", "/send", 200, JSON, {"document_id": 7, "status": "OK"}, "document_id is no string"),
        ("POST", "/send", 200, JSON, {"document_id": "x", "status": "OK", "colour": 1}, "unknown colour"),
        ("POST", "/send", 201, JSON, {"document_id": "x", "status": "OK"}, "not 201"),
        ("POST", "/send", 200, "text/html", {}, "answers JSON"),
        ("POST", "/send", 200, JSON, "{", "no JSON"),
        ("POST", "/send", 418, JSON, {"errorResponse": {}}, "no error as documented"),
        ("POST", "/send", 400, JSON, {"message": "x"}, "no error as documented"),
        ("POST", "/teams/keys", 200, JSON, NEW, "answers 201"),
        ("GET", "/teams/keys", 200, JSON, NEW, "no list"),
        ("GET", "/teams/keys", 200, JSON, [{**NEW, "secret": "x"}], "unknown secret"),
        ("GET", "/teams/keys", 200, JSON, [{**NEW, "status": "lost"}], "none of the words"),
        ("GET", "/teams/keys", 200, JSON, [{**NEW, "created_at": "today"}], "created_at has the wrong form"),
        ("GET", "/teams/keys/reveal", 200, JSON, NEW, "lacks secret"),
        ("DELETE", "/teams/keys/wk_1", 204, JSON, NEW, "answers nothing"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_found(method, path, status, kind, body, complaint):
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    assert complaint in " ".join(complaints_of_answer(operation_of(method, path), status, kind, content))


def test_what_keeps_the_contract_is_not_found():
    body = {"messages": [{**HELLO, "mobile_number": "0612345678,0031612345678,+447911123456"}], "expirein": "21"}
    assert complaints_of_request("POST", "/send", HEADERS, json.dumps(body).encode()) == []
    assert complaints_of_request("POST", "/teams/keys", HEADERS, b'{"secret": "x"}') == []
    assert complaints_of_request("GET", "/teams/keys?status=ACTIVE", HEADERS, b"") == []
    told = json.dumps({"document_id": "x", "status": "OK"}).encode()
    assert complaints_of_answer(operation_of("POST", "/send"), 200, JSON, told) == []
    error = json.dumps({"errorResponse": {"code": "400", "message": "x", "info": "x"}}).encode()
    assert complaints_of_answer(operation_of("POST", "/send"), 400, JSON, error) == []
    assert complaints_of_answer(operation_of("GET", "/teams/keys"), 200, JSON, json.dumps([NEW]).encode()) == []
    assert complaints_of_answer(operation_of("DELETE", "/teams/keys/wk_1"), 204, "", b"") == []
