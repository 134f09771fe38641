"""Every shape of answer that the vendor's two documents allow, what is kept of others, and what is sent."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.vendors.errors import VendorProtocolError
from telephony.client import ApidazeClient, RemoteScript, RemoteSipAccount, RemoteSipStatus
from tests.vendors.raw import Caller, raw_vendor, replying
from tests.vendors.raw import reply as raw_reply

ANN = {
    "id": "A-1",
    "name": "Ann",
    "sip": {"username": "ann", "password": " hush-hush "},
    "callerid": {
        "internal_name": "Ann",
        "internal_number": "201",
        "external_name": "Acme",
        "external_number": "+31201234567",
    },
    "voicemail": {"mwi_account": "box-1"},
    "created_at": "2026-11-21T08:00:00Z",
    "updated_at": "2026-11-21T08:00:00Z",
}
BOB = {**ANN, "id": "A-2", "sip": {"username": "bob", "password": "other-pass"}}
SCRIPT = {"id": "E-1", "name": "Calls", "url": "https://acme.example/calls"}
EIGHT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def client_of(answer, calls):
    """What `calls` returns when the vendor gives this answer to everything."""
    with raw_vendor(replying(raw_reply(200, answer))) as vendor:
        return calls(ApidazeClient(Caller(vendor.url)))


def test_every_documented_field_is_read():
    ann = RemoteSipAccount.parse(ANN)
    assert ann == RemoteSipAccount(
        id="A-1",
        username="ann",
        password=" hush-hush ",
        name="Ann",
        internal_name="Ann",
        internal_number="201",
        external_name="Acme",
        external_number="+31201234567",
        mwi_account="box-1",
        created_at=EIGHT,
        updated_at=EIGHT,
    )
    assert ann.raw == {}


@pytest.mark.parametrize("answer", [ANN, [ANN], [ANN, BOB], [BOB, ANN], {"sipaccounts": [BOB, ANN]}])
def test_one_account_comes_alone_in_a_list_or_among_all(answer):
    ann = RemoteSipAccount.parse(ANN)
    assert client_of(answer, lambda apidaze: apidaze.sip_account("A-1")) == ann
    assert client_of(answer, lambda apidaze: apidaze.update_sip_account("A-1", name="Ann")) == ann
    assert client_of(answer, lambda apidaze: apidaze.create_sip_account("ann")) == ann
    assert client_of(answer, lambda apidaze: apidaze.sip_status("A-1")).account == ann


@pytest.mark.parametrize("answer", [[ANN, BOB], {"sipaccounts": [ANN, BOB]}])
def test_a_list_however_it_is_wrapped(answer):
    reading = client_of(answer, ApidazeClient.sip_accounts)
    assert [account.username for account in reading] == ["ann", "bob"]
    assert reading.complete


@pytest.mark.parametrize("answer", [SCRIPT, [SCRIPT], {"externalscripts": [SCRIPT]}])
def test_a_script_comes_alone_or_in_a_list(answer):
    script = RemoteScript("E-1", "https://acme.example/calls", "Calls")
    assert client_of(answer, ApidazeClient.scripts) == [script]
    assert client_of(answer, lambda apidaze: apidaze.script("E-1")) == script
    assert client_of(answer, lambda apidaze: apidaze.create_script(SCRIPT["url"])) == script
    assert client_of(answer, lambda apidaze: apidaze.update_script("E-1", SCRIPT["url"])) == script


def test_no_other_account_passes_for_the_one_asked_for():
    for call in (
        lambda apidaze: apidaze.sip_account("A-1"),
        lambda apidaze: apidaze.sip_status("A-1"),
    ):
        with pytest.raises(VendorProtocolError, match="something else"):
            client_of([BOB], call)
        with pytest.raises(VendorProtocolError, match="something else"):
            client_of([], call)


@pytest.mark.parametrize(
    "spelling",
    [
        {"name": " Ann "},
        {"created_at": "2026-11-21 08:00:00"},
        {"created_at": 1795248000},
        {"callerid": {**ANN["callerid"], "internal_number": 201}},
    ],
)
def test_other_spellings_are_the_same_account(spelling):
    assert RemoteSipAccount.parse({**ANN, **spelling}) == RemoteSipAccount.parse(ANN)


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ({"callerid": None}, "internal_number"),
        ({"callerid": []}, "external_name"),
        ({"voicemail": {}}, "mwi_account"),
        ({"voicemail": {"mwi_account": None}}, "mwi_account"),
        ({"name": None}, "name"),
        ({"sip": {"username": "ann"}}, "password"),
    ],
)
def test_what_was_not_told_is_empty(missing, field):
    account = RemoteSipAccount.parse({**ANN, **missing})
    assert getattr(account, field) == ""
    assert account.raw == {}


def test_a_number_may_be_an_id():
    assert client_of([{**ANN, "id": 17}], lambda apidaze: apidaze.sip_account("17")).id == "17"


def test_a_new_account_needs_no_more_than_its_id():
    assert client_of({"id": "A-9"}, lambda apidaze: apidaze.create_sip_account("ann")) == RemoteSipAccount("A-9", "ann")
    assert client_of({"id": "E-9"}, lambda apidaze: apidaze.create_script(SCRIPT["url"])).id == "E-9"


def test_the_vendor_may_write_a_new_username_in_another_case():
    shouted = {**ANN, "sip": {"username": "ANN"}}
    assert client_of([shouted], lambda apidaze: apidaze.create_sip_account("ann")).username == "ANN"


@pytest.mark.parametrize(
    ("strange", "field"),
    [
        ({"id": None}, "id"),
        ({"id": True}, "id"),
        ({"sip": None}, "username"),
        ({"sip": "ann"}, "username"),
        ({"sip": {"username": "", "password": "x"}}, "username"),
        ({"sip": {"username": "a\0b"}}, "username"),
        ({"sip": {"username": "ann", "password": ["x"]}}, "password"),
    ],
)
def test_what_cannot_be_understood_is_said(strange, field):
    with pytest.raises(VendorProtocolError, match=field) as caught:
        RemoteSipAccount.parse({**ANN, **strange})
    assert caught.value.raw == {**ANN, **strange}


def test_unknown_fields_and_what_may_be_missing_are_kept():
    account = RemoteSipAccount.parse(
        {
            **ANN,
            "name": {"first": "Ann"},
            "colour": "blue",
            "created_at": "yesterday",
            "callerid": {**ANN["callerid"], "tone": "high"},
            "voicemail": "box-1",
        }
    )
    assert (account.name, account.created_at, account.mwi_account) == ("", None, "")
    assert account.raw == {
        "name": {"first": "Ann"},
        "colour": "blue",
        "created_at": "yesterday",
        "callerid": {"tone": "high"},
        "voicemail": "box-1",
    }


def test_what_is_kept_holds_no_password():
    account = RemoteSipAccount.parse(
        {**ANN, "hint": "it is ' hush-hush '", "sip": {**ANN["sip"], "secret": "deeper", "uri": "ann: hush-hush @x"}}
    )
    assert account.raw == {"hint": "it is '***'", "sip": {"secret": "***", "uri": "ann:***@x"}}
    assert "hush" not in repr(account)


def test_an_account_that_cannot_be_understood_hides_no_other_and_no_password_shows():
    strange = {"id": "A-2", "sip": {"password": "other-pass"}, "note": "other-pass"}
    reading = client_of([ANN, strange], ApidazeClient.sip_accounts)
    assert [account.id for account in reading] == ["A-1"]
    assert not reading.complete
    assert [flaw.raw for flaw in reading.flaws] == [{"id": "A-2", "sip": {"password": "***"}, "note": "***"}]


def test_ten_thousand_that_cannot_be_understood_are_counted_and_a_few_are_kept():
    reading = client_of([{"id": str(number)} for number in range(10_000)], ApidazeClient.sip_accounts)
    assert list(reading) == []
    assert (reading.unreadable, len(reading.flaws)) == (10_000, 20)


@pytest.mark.parametrize(
    ("told", "domain"),
    [
        ({"domain": "acme.example"}, "acme.example"),
        ({"host": "acme.example"}, "acme.example"),
        ({"sip": {**ANN["sip"], "domain": "acme.example"}}, "acme.example"),
        ({"domain": ["acme.example"]}, ""),
    ],
)
def test_the_domain_wherever_the_status_tells_it(told, domain):
    assert RemoteSipStatus.parse({**ANN, **told}).domain == domain


def test_a_status_may_tell_nothing_but_itself():
    told = client_of({"status": "REGISTERED"}, lambda apidaze: apidaze.sip_status("A-1"))
    assert (told.account.id, told.registration) == ("A-1", "registered")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"<document/>", "<document/>"),
        (b"", ""),
        (b'"<document/>"', "<document/>"),
        ("\ufeff<document>\u00e9</document>".encode(), "<document>\u00e9</document>"),
        ("<document>\u00e9</document>".encode("latin-1"), "<document>\u00e9</document>"),
        ("<document>\u00e9</document>".encode("utf-16"), "<document>\u00e9</document>"),
    ],
)
def test_a_trial_runs_text_in_whatever_it_was_written(answer, text):
    assert client_of(answer, lambda apidaze: apidaze.try_script(SCRIPT["url"])).text == text


def test_a_trial_run_that_answers_a_number():
    with pytest.raises(VendorProtocolError):
        client_of(b"7", lambda apidaze: apidaze.try_script(SCRIPT["url"]))


# Few letters, of every kind that matters: reading the whole of Unicode first takes seconds.
TEXT = st.text(st.sampled_from("aZ9 \u00e9\u6f22\u202e\0\n\t\ud800'\"{"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ANN, "password", "x"]), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*ANN, "domain", "status"]), JSON))
def test_whatever_comes_is_an_account_or_a_protocol_error(strange):
    for parse in (RemoteSipAccount.parse, RemoteSipStatus.parse, RemoteScript.parse):
        with suppress(VendorProtocolError):
            assert parse({**ANN, "url": SCRIPT["url"], **strange})


# --- What is sent -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["", "two words", "a@b", "ann\n", "é", "x" * 65, None, 7])
def test_only_usernames_that_sip_allows_are_sent(username):
    with pytest.raises(ValueError, match="SIP username"):
        ApidazeClient(None).create_sip_account(username)


@pytest.mark.parametrize("value", ["a\nb", "a\0b", None, 7])
def test_only_printable_fields_are_sent(value):
    with pytest.raises(ValueError, match="printable"):
        ApidazeClient(None).create_sip_account("ann", name=value)
    with pytest.raises(ValueError, match="printable"):
        ApidazeClient(None).try_script(SCRIPT["url"], {"from": value})


def test_an_update_of_nothing_is_not_sent():
    with pytest.raises(ValueError, match="at least one"):
        ApidazeClient(None).update_sip_account("A-1")


@pytest.mark.parametrize("url", ["", "acme.example", "ftp://a.example", "https://", "https://a b", "http://a\n", None])
def test_only_web_addresses_are_sent(url):
    for call in (ApidazeClient(None).create_script, ApidazeClient(None).try_script):
        with pytest.raises(ValueError, match="address"):
            call(url)


def test_an_address_that_is_too_long_is_not_sent():
    with pytest.raises(ValueError, match="2000"):
        ApidazeClient(None).create_script("https://a.example/" + "x" * 2000)


def test_the_address_is_no_parameter_of_a_call():
    with pytest.raises(ValueError, match="url"):
        ApidazeClient(None).try_script(SCRIPT["url"], {"url": "https://b.example"})


@pytest.mark.parametrize("identifier", ["", ".", "..", "test"])
def test_no_identifier_climbs_out_of_its_path(identifier):
    apidaze = ApidazeClient(Caller("http://nowhere.invalid"))
    for call in (apidaze.sip_account, apidaze.delete_script, apidaze.sip_status):
        with pytest.raises(ValueError, match="cannot stand in a path"):
            call(identifier)
