import time

import pytest
import requests

from tests.sandbox.caller import assert_refused


def test_a_token_comes_in_the_vendors_shape(acme):
    answer = acme.ask_token()
    token = answer.json()
    assert answer.status_code == 200
    assert answer.headers["X-Transaction-Id"]
    assert token["expires_in"] == "3599"
    assert token["token_type"] == "Bearer"
    assert token["status"] == "approved"
    assert isinstance(token["issued_at"], str)
    assert token["client_id"] == "acme"


def test_several_tokens_live_at_once(acme):
    first, second = (acme.ask_token().json()["access_token"] for _ in range(2))
    assert first != second
    assert [acme.call("GET", "/order", token=token).status_code for token in (first, second)] == [200, 200]


@pytest.mark.parametrize("wrong", [{"client_secret": "guess"}, {"client_id": "nobody"}, {"client_secret": "é"}])
def test_wrong_credentials_are_refused(acme, wrong):
    assert_refused(acme.ask_token(**wrong), 401, "InvalidClient")


def test_an_empty_form_is_refused(acme, sandbox):
    answer = requests.post(sandbox.token_url + "?grant_type=client_credentials", timeout=5)
    assert_refused(answer, 401, "InvalidClient")


@pytest.mark.parametrize("grant", ["", "?grant_type=password", "?grant_type="])
def test_a_missing_or_odd_grant_is_refused(acme, grant):
    assert_refused(acme.ask_token(grant), 400, "InvalidRequest")


def test_tokens_are_asked_for_by_post_alone(acme, sandbox):
    assert_refused(requests.get(sandbox.token_url, timeout=5), 405, "MethodNotAllowed")


def test_a_token_ends_with_its_lifetime(acme, control):
    control.put_account("acme", token_lifetime=0.05)
    token = acme.ask_token().json()["access_token"]
    time.sleep(0.06)
    assert_refused(acme.call("GET", "/order", token=token), 401, "Unauthorized")


def test_a_revoked_token_is_refused_and_a_new_one_works(acme, control):
    old = acme.token
    assert control.revoke_tokens("acme") == 1
    assert_refused(acme.call("GET", "/order", token=old), 401, "Unauthorized")
    assert acme.call("GET", "/order", token=acme.ask_token().json()["access_token"]).status_code == 200


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer unheard-of", "Basic YWNtZTp4"])
def test_a_call_without_a_good_token_is_refused(acme, sandbox, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    assert_refused(requests.get(sandbox.kandy_url + "/order", headers=headers, timeout=5), 401, "Unauthorized")
