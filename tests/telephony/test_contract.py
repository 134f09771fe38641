"""Whatever the client is given, what it sends keeps the contract; whatever the simulated vendor is sent, so do its answers."""

import json
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.vendors.errors import VendorError
from telephony.client import ON_THE_WIRE, ApidazeClient
from tests.telephony.apidaze_contract import (
    FORM,
    JSON,
    OPERATIONS,
    complaints_of_answer,
    complaints_of_request,
    operation_of,
)
from tests.telephony.conftest import CLIENT_ID, SECRET, acme_tokens
from tests.vendors.raw import Caller, parsed, raw_vendor, replying
from tests.vendors.raw import reply as raw_reply

FEWER = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADERS = {"authorization": "Bearer token", "content-type": FORM}

# Few letters, of every kind that matters on the wire: reading the whole of Unicode first takes seconds.
LETTERS = "aZ9 \u00e9\u6f22\U0001f389&=%+;/?#.'\"<"
PRINTABLE = st.text(st.sampled_from(LETTERS), max_size=60)
TEXT = PRINTABLE | st.text(st.sampled_from(LETTERS + "\t\0\u202e"), max_size=60)
USERNAMES = st.from_regex(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,64}", fullmatch=True)
FIELDS = st.dictionaries(st.sampled_from(sorted(ON_THE_WIRE)), PRINTABLE)
ADDRESSES = st.from_regex(r"https?://[a-z0-9.-]{1,20}/[!-~]{0,60}", fullmatch=True)
IDS = TEXT.filter(lambda text: text not in ("", ".", "..", "test"))
PARAMETERS = st.dictionaries(PRINTABLE.filter(lambda name: name.strip() and name != "url"), PRINTABLE, max_size=4)


# --- What the client sends ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent():
    """The request that a call makes, as method, path and form; it must keep the contract."""
    with raw_vendor(replying(raw_reply(200, []))) as vendor:

        def sent_by(call) -> tuple[str, str, dict[str, str]]:
            with suppress(VendorError):
                call(ApidazeClient(Caller(vendor.url)))
            method, path, headers, body = parsed(vendor.requests.pop())
            assert complaints_of_request(method, path, headers, body) == []
            return method, path, dict(parse_qsl(body.decode(), keep_blank_values=True))

        yield sent_by


def form_of(fields: dict[str, str]) -> dict[str, str]:
    return {ON_THE_WIRE[name]: value for name, value in fields.items()}


@FEWER
@given(username=USERNAMES, fields=FIELDS)
def test_a_new_account_is_asked_for_as_documented(sent, username, fields):
    asked = sent(lambda apidaze: apidaze.create_sip_account(username, **fields))
    assert asked == ("POST", "/sipaccounts", {"username": username, **form_of(fields)})


@FEWER
@given(sip_id=IDS, fields=FIELDS.filter(bool))
def test_a_changed_account_is_asked_for_as_documented(sent, sip_id, fields):
    method, _path, form = sent(lambda apidaze: apidaze.update_sip_account(sip_id, **fields))
    assert (method, form) == ("PUT", form_of(fields))


@FEWER
@given(sip_id=IDS)
def test_whatever_an_id_is_it_stays_in_its_place(sent, sip_id):
    for call in (ApidazeClient.sip_account, ApidazeClient.delete_sip_account, ApidazeClient.sip_status):
        sent(lambda apidaze, call=call: call(apidaze, sip_id))
    for call in (ApidazeClient.script, ApidazeClient.delete_script):
        sent(lambda apidaze, call=call: call(apidaze, sip_id))


@FEWER
@given(url=ADDRESSES, name=PRINTABLE)
def test_a_script_is_asked_for_as_documented(sent, url, name):
    named = {"name": name} if name else {}
    created = sent(lambda apidaze: apidaze.create_script(url, name=name))
    assert created == ("POST", "/externalscripts", {"url": url, **named})
    changed = sent(lambda apidaze: apidaze.update_script("E-1", url, name=name))
    assert changed == ("PUT", "/externalscripts/E-1", {"url": url, "name": name})


@FEWER
@given(url=ADDRESSES, parameters=PARAMETERS)
def test_a_trial_run_is_asked_for_as_documented(sent, url, parameters):
    asked = sent(lambda apidaze: apidaze.try_script(url, parameters))
    assert asked == ("GET", "/externalscripts/test", {"url": url, **parameters})


# --- What the simulated vendor answers ----------------------------------------------------------------------------------

NAMES = st.sampled_from(["username", "url", "name", "mwi_account", "external_caller_id_number", "colour", ""])
VALUES = USERNAMES | ADDRESSES | TEXT
BODIES = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(lambda pairs: urlencode(pairs).encode()) | st.binary(
    max_size=40
)


def standing_id(control, operation) -> str:
    """Of an account or a script that is there now, whichever the operation is about."""
    there = control.apidaze(CLIENT_ID)
    if "sipaccounts" not in operation.path:
        return (there["script"] or control.set_script_behind(CLIENT_ID, "https://acme.example/calls"))["id"]
    accounts = there["sip_accounts"]
    return (accounts[0] if accounts else control.add_sip_account_behind(CLIENT_ID, "standing"))["id"]


@FEWER
@given(
    operation=st.sampled_from(OPERATIONS),
    body=BODIES,
    content_type=st.sampled_from([FORM, f"{FORM}; charset=utf-8", JSON, ""]),
    shape=st.sampled_from(["list", "object"]),
)
def test_every_answer_keeps_the_contract(sandbox, control, operation, body, content_type, shape):
    control.put_account(CLIENT_ID, SECRET, single_answers=shape)
    known = standing_id(control, operation)
    answer = requests.request(
        operation.method,
        sandbox.apidaze_url + operation.path.replace("{id}", known),
        headers={"Authorization": f"Bearer {acme_tokens(sandbox).current()}", "Content-Type": content_type},
        data=body,
        timeout=5,
    )
    assert (
        complaints_of_answer(operation, answer.status_code, answer.headers.get("Content-Type", ""), answer.content)
        == []
    )


# --- Without these the sweeps above prove nothing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "complaint"),
    [
        ("GET", "/orders", {}, b"", "no operation"),
        ("PATCH", "/sipaccounts/1", {}, b"", "no operation"),
        ("GET", "/sipaccounts/a/b", {}, b"", "no operation"),
        ("GET", "/sipaccounts", {"authorization": "Basic x"}, b"", "no bearer token"),
        ("GET", "/sipaccounts?page=2", {}, b"", "no query"),
        ("GET", "/sipaccounts", {}, b"a=b", "no body"),
        ("DELETE", "/sipaccounts/1", {}, b"a=b", "no body"),
        ("POST", "/sipaccounts", {"content-type": JSON}, b'{"username": "ann"}', "takes a form"),
        ("POST", "/sipaccounts", {}, b"name=Ann", "lacks username"),
        ("POST", "/sipaccounts", {}, b"username=", "lacks username"),
        ("POST", "/sipaccounts", {}, b"username=ann&colour=red", "no field colour"),
        ("PUT", "/sipaccounts/1", {}, b"username=ann", "no field username"),
        ("POST", "/sipaccounts", {}, b"username=ann&username=bob", "twice"),
        ("POST", "/sipaccounts", {}, b"username=%ff", "cannot be read"),
        ("GET", "/externalscripts/test", {}, b"from=x", "lacks url"),
    ],
)
def test_a_request_that_breaks_the_contract_is_found(method, path, headers, body, complaint):
    assert complaint in " ".join(complaints_of_request(method, path, {**HEADERS, **headers}, body))


ANSWER = {"id": "E-1", "name": "", "url": "https://a.example", "created_at": "", "updated_at": ""}


@pytest.mark.parametrize(
    ("path", "status", "kind", "body", "complaint"),
    [
        ("/externalscripts", 200, JSON, [{**ANSWER, "id": 1}], "id is no string"),
        ("/externalscripts", 200, JSON, [{"id": "E-1"}], "lacks created_at"),
        ("/externalscripts", 200, JSON, [{**ANSWER, "colour": "red"}], "unknown colour"),
        ("/externalscripts", 200, JSON, ANSWER, "answers a list"),
        ("/externalscripts", 200, JSON, ["E-1"], "no object"),
        ("/externalscripts", 200, "text/html", [ANSWER], "answers JSON"),
        ("/externalscripts", 201, JSON, [ANSWER], "not 201"),
        ("/externalscripts", 418, JSON, {}, "no error as documented"),
        ("/externalscripts", 404, JSON, {"message": "none"}, "no error as documented"),
        ("/externalscripts", 404, "text/html", {}, "no error as documented"),
        ("/sipaccounts", 200, JSON, [{"sip": {"username": "ann"}}], "sip lacks password"),
        ("/externalscripts/test", 200, "application/xml", "hello", "no XML"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_found(path, status, kind, body, complaint):
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    assert complaint in " ".join(complaints_of_answer(operation_of("GET", path), status, kind, content))


def test_what_keeps_the_contract_is_not_found():
    assert complaints_of_request("POST", "/externalscripts", HEADERS, b"url=https%3A%2F%2Fa.example") == []
    assert complaints_of_request("PUT", "/sipaccounts/1", HEADERS, b"name=") == []
    assert complaints_of_answer(operation_of("GET", "/externalscripts"), 200, JSON, json.dumps([ANSWER]).encode()) == []
    assert complaints_of_answer(operation_of("DELETE", "/externalscripts/1"), 204, "", b"") == []
    read = operation_of("GET", "/externalscripts/1")
    assert complaints_of_answer(read, 200, JSON, json.dumps(ANSWER).encode()) == []
