"""Whatever the client is given, what it sends keeps the document; whatever the simulated vendor is sent, so do its answers."""

import json
from contextlib import suppress

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.vendors.errors import VendorError
from realtime.client import Agent, KwebblClient, Party
from tests.realtime.kwebbl_contract import (
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
TEXT = st.text(st.sampled_from("aZ9 \u00e9\u6f22\U0001f389&=%+;/?#.'\"<\t\0\u202e"), max_size=60)
IDS = TEXT.filter(lambda text: text not in ("", ".", ".."))
PARTIES = st.from_regex(r"\+?[0-9]{2,18}", fullmatch=True).map(lambda number: Party(number=number)) | IDS.map(
    lambda told: Party(extension_id=told)
)
AGENTS = st.builds(
    Agent, st.sampled_from(["*", "001"]), st.sampled_from(["*", "a" * 32]), st.sampled_from(["*", "from", "to"])
)


# --- What the client sends ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent():
    """The request that a call makes, as method, path and body; it must keep the document."""
    with raw_vendor(replying(raw_reply(200, []))) as vendor:

        def sent_by(call):
            with suppress(VendorError):
                call(KwebblClient(Caller(vendor.url)))
            method, path, headers, body = parsed(vendor.requests.pop())
            assert complaints_of_request(method, path, headers, body) == []
            return method, path, json.loads(body) if body else None

        yield sent_by


@FEWER
@given(extension_id=IDS)
def test_whatever_an_id_is_it_stays_in_its_place(sent, extension_id):
    """List of Extensions to Call Recording: an ID is one segment of the path"""
    for call in (
        KwebblClient.extension,
        KwebblClient.caller_ids,
        KwebblClient.subscription,
        KwebblClient.cancel_subscription,
        KwebblClient.hang_up,
        KwebblClient.hold,
        KwebblClient.resume,
        KwebblClient.start_recording,
        KwebblClient.stop_recording,
    ):
        sent(lambda kwebbl, call=call: call(kwebbl, extension_id))


@FEWER
@given(to=PARTIES, from_=st.none() | PARTIES, attended=st.booleans())
def test_calls_are_asked_for_as_documented(sent, to, from_, attended):
    """Placing a new call, Transfer"""
    method, path, body = sent(lambda kwebbl: kwebbl.place_call(to, from_))
    assert (method, path, body["to"]) == ("POST", "/calls", to.on_the_wire())
    assert ("from" in body) is (from_ is not None)
    _method, path, body = sent(lambda kwebbl: kwebbl.transfer("4a2bcad2-c4b9e70a", to, attended=attended))
    assert (path, body["transfer_type"]) == (
        "/calls/4a2bcad2-c4b9e70a/transfer",
        "attended" if attended else "blind",
    )


@FEWER
@given(agents=st.lists(AGENTS, min_size=1, max_size=3))
def test_subscriptions_are_asked_for_as_documented(sent, agents):
    """Request a new subscription"""
    url = "https://portal.example/live/events/secret"
    *_, body = sent(lambda kwebbl: kwebbl.subscribe(url, ["*"], agents, "detailed"))
    assert (body["callback_url"], body["event_types"], body["mode"]) == (url, ["*"], "detailed")
    assert len(body["agents"]) == len(agents)


@pytest.mark.parametrize("number", ["", "anonymous", "+", "1", "+31 20", "12345678901234567890", "٣٤٥"])
def test_what_is_no_number_is_not_sent(number):
    """Placing a new call"""
    with pytest.raises(ValueError, match="number"):
        KwebblClient(Caller("http://127.0.0.1:9")).place_call(number)


# --- What the simulated vendor answers ----------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["to", "from", "target", "number", "extension_id", "transfer_type", "callback_url", "agents", "mode", "caller_id"]
)
VALUES = (
    st.sampled_from(["", "202", "345", "+31612345678", "*", "presence", "blind", "http://example.com/cb"])
    | st.integers()
)
TREES = st.recursive(VALUES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=4)
BODIES = st.dictionaries(NAMES, TREES, max_size=4).map(lambda told: json.dumps(told).encode()) | st.binary(max_size=20)


@FEWER
@given(operation=st.sampled_from(OPERATIONS), body=BODIES, kind=st.sampled_from([JSON, "text/plain", ""]))
def test_every_answer_keeps_the_document(direct, control, account, operation, body, kind):
    """Every chapter"""
    identifier = _standing_id(control, account, operation)
    answer = requests.request(
        operation.method,
        direct.url + operation.path.replace("{id}", identifier),
        headers={"Authorization": f"Bearer {direct.token.value}", "Content-Type": kind},
        data=body,
        timeout=5,
    )
    assert complaints_of_answer(operation, answer.status_code, answer.content) == []


def _standing_id(control, account, operation) -> str:
    if operation.path.startswith("/calls"):
        call = control.start_call(account, "+31612345678", "202")
        return control.step_call(account, call["conversation"], "answer")["legs"][-1]["call_id"]
    return control.kwebbl(account)["extensions"][0]["extension_id"]


# --- Without these the sweeps above prove nothing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "complaint"),
    [
        ("GET", "/users", {}, b"", "no operation"),
        ("PUT", "/subscriptions/1", {}, b"{}", "no operation"),
        ("GET", "/extensions", {"authorization": "Basic x"}, b"", "no bearer token"),
        ("GET", "/extensions?page=2", {}, b"", "no query"),
        ("GET", "/extensions", {}, b"{}", "no body"),
        ("POST", "/calls", {"content-type": "text/plain"}, b"{}", "is JSON"),
        ("POST", "/calls", {}, b"{}", "lacks to"),
        ("POST", "/calls", {}, b'{"to": {}}', "number or an extension_id"),
        ("POST", "/calls", {}, b'{"to": {"number": "1", "extension_id": "2"}}', "number or an extension_id"),
        ("POST", "/calls", {}, b'{"to": {"number": "12"}, "colour": "red"}', "has no colour"),
        ("POST", "/calls/1/transfer", {}, b'{"target": {"number": "12"}, "transfer_type": "kind"}', "transfer_type"),
        ("POST", "/calls/1/hold", {}, b"{}", "no body"),
    ],
)
def test_a_request_that_breaks_the_document_is_found(method, path, headers, body, complaint):
    assert complaint in " ".join(complaints_of_request(method, path, {**HEADERS, **headers}, body))


ANSWER = {"id": "a" * 32, "name": "Ann", "number": "201", "type": "user"}


@pytest.mark.parametrize(
    ("path", "status", "body", "complaint"),
    [
        ("/extensions", 200, ANSWER, "is a list"),
        ("/extensions", 200, ["Ann"], "no object"),
        ("/extensions", 200, [{"id": "a"}], "lacks name"),
        ("/extensions", 200, [{**ANSWER, "colour": "red"}], "unknown colour"),
        ("/extensions", 200, [{**ANSWER, "number": 1.5}], "another kind"),
        ("/extensions", 201, [ANSWER], "no success"),
        ("/extensions", 404, {"status_code": 404, "error_code": "entity_not_exist", "message": "x"}, "no error"),
        ("/extensions", 401, {"error": "invalid_grant"}, "not told as documented"),
        ("/extensions", 403, {"status_code": 403, "error_code": "validation", "message": "x"}, "not told"),
    ],
)
def test_an_answer_that_breaks_the_document_is_found(path, status, body, complaint):
    operation = operation_of("GET", path)
    assert complaint in " ".join(complaints_of_answer(operation, status, json.dumps(body).encode()))


def test_what_keeps_the_document_is_not_found():
    assert complaints_of_request("POST", "/calls", HEADERS, b'{"to": {"number": "+31203080700"}}') == []
    assert complaints_of_answer(operation_of("GET", "/extensions"), 200, json.dumps([ANSWER]).encode()) == []
    assert complaints_of_answer(operation_of("POST", "/calls/1/hold"), 202, b"") == []
    assert complaints_of_answer(operation_of("POST", "/calls/1/hold"), 202, b"done")
