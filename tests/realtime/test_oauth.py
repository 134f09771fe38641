"""Tokens at the simulated vendor: "Authorization Code Grant Flow" and "Restoring / Renewing an Access Token"."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from portal.vendors.errors import VendorOutcomeUnknown, VendorThrottled, VendorUnavailable
from portal.vendors.http import Limits, Redactor
from realtime import oauth
from tests.realtime.conftest import CLIENT_ID, EVERYTHING, LIMITS, SECRET
from tests.realtime.kwebbl_contract import (
    REDIRECT_ERRORS,
    TOKEN_ERRORS,
    complaints_of_consent_request,
    complaints_of_token_request,
)
from tests.vendors.raw import raw_vendor, replying
from tests.vendors.raw import reply as raw_reply

CALLBACK = "https://portal.example/live/connected"
GOOD = {"access_token": "a" * 32, "refresh_token": "r" * 32, "expires_in": 900, "token_type": "Bearer"}


class Portal:
    """The portal at the token endpoint; `log` is what the call log would keep."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.log = []

    def options(self):
        return {"limits": LIMITS, "redactor": Redactor(), "on_call": self.log.append}

    def exchange(self, code, secret=SECRET, callback=CALLBACK, **more):
        return oauth.exchange_code(
            f"{self.base}/token", CLIENT_ID, secret, code, callback, **{**self.options(), **more}
        )

    def refresh(self, token, secret=SECRET, **more):
        return oauth.refresh(f"{self.base}/token", CLIENT_ID, secret, token, **{**self.options(), **more})


@pytest.fixture
def portal(relay):
    return Portal(relay.url)


@pytest.fixture
def consent(sandbox, account):
    """What a browser does: the page, the form, and where it leads."""

    def walk(
        state="xyz", scopes=EVERYTHING, callback=CALLBACK, login="alice", password=None, decision="allow", **query
    ):
        url = oauth.consent_url(
            f"{sandbox.kwebbl_url}/authorize",
            client_id=query.pop("client_id", CLIENT_ID),
            redirect_uri=callback,
            state=state,
            scopes=scopes,
        )
        assert complaints_of_consent_request(urlsplit(url).query) == []
        form = {"login": login, "password": password or login, "decision": decision}
        return requests.post(url, params=query, data=form, allow_redirects=False, timeout=5)

    return walk


def told_in(answer) -> dict[str, str]:
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(CALLBACK)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@pytest.fixture
def code(consent):
    return told_in(consent())["code"]


# --- Consent ----------------------------------------------------------------------------------------------------------


def test_the_page_asks_who_one_is_and_what_is_allowed(sandbox, account):
    """Authorization Code Grant Flow, a and b"""
    url = oauth.consent_url(
        f"{sandbox.kwebbl_url}/authorize", client_id=CLIENT_ID, redirect_uri=CALLBACK, state="s", scopes=["user.info"]
    )
    page = requests.get(url, timeout=5)
    assert page.headers["Content-Type"].startswith("text/html")
    assert all(part in page.text for part in ('name="login"', 'name="password"', "Allow", "Deny", "user.info"))


def test_a_code_comes_with_its_state(consent):
    """Authorization Code Grant Flow, c: access granted"""
    told = told_in(consent(state="xyz"))
    assert told.keys() == {"code", "state"}
    assert told["state"] == "xyz"
    assert told_in(consent(state="")).keys() == {"code"}


@pytest.mark.parametrize(
    ("error", "walk"),
    [
        ("access_denied", {"decision": "deny"}),
        ("access_denied", {"login": "bob"}),
        ("invalid_grant", {"password": "wrong"}),
        ("invalid_request", {"scopes": ["all.of.it"]}),
    ],
)
def test_access_that_is_not_granted(consent, error, walk):
    """Authorization Code Grant Flow, c: access not granted; Available Scopes: admin only"""
    told = told_in(consent(**walk))
    assert (told["error"], told["state"]) == (error, "xyz")
    assert error in REDIRECT_ERRORS


def test_a_response_type_that_is_not_supported(sandbox, account):
    """Authorization Code Grant Flow, c: unsupported_response_type, invalid_request"""
    asked = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK}
    for response_type, error in ({"response_type": "token"}, "unsupported_response_type"), ({}, "invalid_request"):
        answer = requests.get(
            f"{sandbox.kwebbl_url}/authorize", params=asked | response_type, allow_redirects=False, timeout=5
        )
        assert told_in(answer)["error"] == error


def test_a_client_that_may_not(consent, control, account):
    """Authorization Code Grant Flow, c: unauthorized_client"""
    control.put_account(account, blocked=True)
    assert told_in(consent())["error"] == "unauthorized_client"


@pytest.mark.parametrize("error", ["server_error", "unauthorized_client"])
def test_what_the_vendor_itself_may_get_wrong(consent, control, account, error):
    """Authorization Code Grant Flow, c: server_error"""
    control.put_kwebbl(account, consent_error=error)
    assert told_in(consent()) == {"error": error, "state": "xyz"}


def test_whose_address_is_not_known_gets_no_redirect(consent, control, account):
    """Authorization Code Grant Flow, a: the user is informed"""
    assert consent(client_id="nobody").status_code == 400
    control.put_kwebbl(account, redirect_uri=CALLBACK)
    assert consent(callback="https://elsewhere.example/").status_code == 400
    assert told_in(consent())["code"]


# --- Tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret_in_body", [False, True])
def test_a_code_is_exchanged_once(portal, code, secret_in_body):
    """Authorization Code Grant Flow, d and e: by header, or by body"""
    before = datetime.now(UTC)
    tokens = portal.exchange(code, state="xyz", secret_in_body=secret_in_body)
    assert len(tokens.access) == len(tokens.refresh) == 32
    assert before + timedelta(seconds=900) <= tokens.expires_at <= datetime.now(UTC) + timedelta(seconds=900)
    assert tokens.refresh_expires_at - tokens.issued_at == timedelta(days=196)
    assert tokens.scope is None
    with pytest.raises(oauth.TokenRefused) as caught:
        portal.exchange(code, state="xyz")
    assert (caught.value.status, caught.value.oauth_error) == (401, "invalid_grant")


def test_what_was_granted_may_be_told(portal, code, control, account):
    """Authorization Code Grant Flow, e; expires after 14 days ("Restoring / Renewing an Access Token")"""
    control.put_kwebbl(account, scope_told=True, expires_in=14 * 86400)
    tokens = portal.exchange(code, state="xyz")
    assert tokens.scope == tuple(EVERYTHING)
    assert tokens.expires_at - tokens.issued_at == timedelta(days=14)


def test_an_answer_for_another_visit_is_refused(portal, code):
    """Authorization Code Grant Flow, e: the state should be validated"""
    with pytest.raises(oauth.TokenRefused) as caught:
        portal.exchange(code, state="another")
    assert caught.value.oauth_error == oauth.STATE_MISMATCH


@pytest.mark.parametrize("secret_in_body", [False, True])
def test_refreshing_kills_everything_before(portal, granted, code, secret_in_body):
    """Restoring / Renewing an Access Token"""
    first = portal.exchange(code, state="xyz")
    second = portal.refresh(first.refresh, secret_in_body=secret_in_body, redirect_uri=CALLBACK)
    assert {first.access, first.refresh}.isdisjoint({second.access, second.refresh})
    for token, good in (first, False), (second, True):
        answer = requests.get(
            f"{portal.base}/extensions", headers={"Authorization": f"Bearer {token.access}"}, timeout=5
        )
        assert answer.ok is good
    with pytest.raises(oauth.TokenRefused) as caught:
        portal.refresh(first.refresh)
    assert caught.value.oauth_error == "invalid_grant"
    assert portal.refresh(second.refresh)


def test_a_new_secret_kills_everything(portal, code, control, account):
    """Authorization Code Grant Flow, e: the secret can only be re-generated"""
    tokens = portal.exchange(code, state="xyz")
    control.put_account(account, "another secret of live calls")
    for secret, error in (SECRET, "invalid_client"), ("another secret of live calls", "invalid_grant"):
        with pytest.raises(oauth.TokenRefused) as caught:
            portal.refresh(tokens.refresh, secret=secret)
        assert (caught.value.status, caught.value.oauth_error) == (401, error)


# --- Every error ------------------------------------------------------------------------------------------------------


def ask(sandbox, body, basic=(CLIENT_ID, SECRET)):
    answer = requests.post(f"{sandbox.kwebbl_url}/token", json=body, auth=basic, timeout=5)
    told = answer.json()
    assert told["error"] in TOKEN_ERRORS[answer.status_code]
    assert told["error_description"]
    assert ("WWW-Authenticate" in answer.headers) is (basic is not None)
    return answer.status_code, told["error"]


def test_credentials_in_header_and_body_are_not_allowed(sandbox, account):
    """Authorization Code Grant Flow, d: using both is not allowed; e: multiple client credentials"""
    body = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": CLIENT_ID, "client_secret": SECRET}
    assert ask(sandbox, body) == (400, "invalid_request")
    assert ask(sandbox, body, basic=None) == (401, "invalid_grant")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "invalid_request")),
        ({"grant_type": "authorization_code", "code": "x"}, (400, "invalid_request")),
        ({"grant_type": "refresh_token"}, (400, "invalid_request")),
        ({"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK}, (401, "invalid_grant")),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, (401, "invalid_grant")),
    ],
)
def test_what_the_token_endpoint_refuses(sandbox, account, body, error):
    """Authorization Code Grant Flow, e: error codes, with WWW-Authenticate where the header was used"""
    assert ask(sandbox, body) == error


def test_a_code_goes_with_its_callback_and_its_client(portal, consent, control):
    """Authorization Code Grant Flow, e: invalid_grant"""
    with pytest.raises(oauth.TokenRefused) as caught:
        portal.exchange(told_in(consent())["code"], callback="https://portal.example/another")
    assert caught.value.oauth_error == "invalid_grant"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": "invalid_request", "error_description": "no"}, "invalid_request"),
        (401, {"error": "invalid_client"}, "invalid_client"),
        (401, {"error": "invalid_grant", "error_description": "Refresh token is invalid"}, "invalid_grant"),
        (401, b"{ 'error': 'invalid_grant', 'error_description': 'Refresh token is invalid' }", "invalid_grant"),
        (401, {"error": "unauthorized_client"}, "unauthorized_client"),
        (401, {"status_code": 401, "error_code": "invalid_grant", "message": "no"}, "invalid_grant"),
        (401, b"", ""),
        (404, b"<html>not here</html>", ""),
    ],
)
def test_a_refusal_has_its_code_in_either_shape(status, body, code):
    """Authorization Code Grant Flow, e: the example of an error is in single quotes"""
    with raw_vendor(replying(raw_reply(status, body))) as vendor, pytest.raises(oauth.TokenRefused) as caught:
        Portal(vendor.url).refresh("r" * 32)
    assert (caught.value.status, caught.value.oauth_error) == (status, code)


def test_the_code_may_stand_in_the_header_alone():
    """Authorization Code Grant Flow, e: WWW-Authenticate with the same error information"""
    answer = raw_reply(401, b"", WWW_Authenticate='Basic error="invalid_client"')
    with raw_vendor(replying(answer)) as vendor, pytest.raises(oauth.TokenRefused) as caught:
        Portal(vendor.url).refresh("r" * 32)
    assert caught.value.oauth_error == "invalid_client"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"error": "server_error"}),
        (503, b"busy"),
        (200, b"<html>"),
        (200, {}),
        (200, {**GOOD, "refresh_token": None}),
        (200, {**GOOD, "access_token": "two words"}),
        (302, b""),
    ],
)
def test_what_says_nothing_of_the_tokens_is_unknown(status, body):
    """Authorization Code Grant Flow, e: 500 server_error; the refresh token may be dead"""
    with raw_vendor(replying(raw_reply(status, body))) as vendor, pytest.raises(VendorOutcomeUnknown):
        Portal(vendor.url).refresh("r" * 32)


def test_an_answer_that_was_lost_is_unknown_and_the_token_dead(sandbox, code, control, account):
    """Restoring / Renewing an Access Token"""
    portal = Portal(sandbox.kwebbl_url)
    tokens = portal.exchange(code, state="xyz")
    control.add_fault("lost_answer", path="/token", times=1)
    with pytest.raises(VendorOutcomeUnknown):
        portal.refresh(tokens.refresh)
    with pytest.raises(oauth.TokenRefused):
        portal.refresh(tokens.refresh)
    (grant,) = control.kwebbl(account)["grants"]
    assert (grant["generation"], grant["presented"]) == (2, {"1": 2, "2": 0})


def test_nothing_was_sent_to_an_address_where_nobody_is():
    """Restoring / Renewing an Access Token: no byte has left, so the token is as good as before"""
    with pytest.raises(VendorUnavailable) as caught:
        Portal("http://127.0.0.1:9").refresh(
            "r" * 32, limits=Limits(connect_timeout=1, read_timeout=1, total_timeout=2)
        )
    assert not isinstance(caught.value, VendorThrottled)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(900, 900), ("900", 900), (1209600, 1209600), (None, 900), ("soon", 900), (-1, 900), (True, 900)],
)
def test_how_long_a_token_lives(told, seconds):
    """Authorization Code Grant Flow, e: 900 in the example; 14 days in the text"""
    with raw_vendor(replying(raw_reply(200, {**GOOD, "expires_in": told}))) as vendor:
        tokens = Portal(vendor.url).refresh("r" * 32)
    assert tokens.expires_at - tokens.issued_at == timedelta(seconds=seconds)


def test_nothing_secret_is_in_the_call_log(sandbox, code):
    portal = Portal(sandbox.kwebbl_url)
    first = portal.exchange(code, state="xyz")
    second = portal.refresh(first.refresh, secret_in_body=True)
    log = "".join(record.request + record.response for record in portal.log)
    assert "grant_type" in log
    for secret in (SECRET, code, first.access, first.refresh, second.access, second.refresh):
        assert secret not in log
        assert secret not in repr([first, second])


# --- Without these the checks above prove nothing ---------------------------------------------------------------------


def test_a_token_request_that_breaks_the_document_is_found():
    basic, json_type = {"authorization": "Basic eDp5"}, {"content-type": "application/json"}
    refresh = b'{"grant_type": "refresh_token", "refresh_token": "x"}'
    both = b'{"grant_type": "refresh_token", "refresh_token": "x", "client_id": "a", "client_secret": "b"}'
    assert complaints_of_token_request(basic | json_type, refresh) == []
    assert complaints_of_token_request(basic | json_type, both)
    assert complaints_of_token_request(json_type, refresh)
    assert complaints_of_token_request(basic, refresh)
    assert complaints_of_token_request(basic | json_type, b'{"grant_type": "authorization_code", "code": "x"}')
    assert complaints_of_consent_request("client_id=a&redirect_uri=b&response_type=token")
