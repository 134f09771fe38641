"""Getting an access token by client credentials."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.vendors.errors import VendorCredentialsRejected, VendorThrottled, VendorUnavailable
from portal.vendors.http import AccessToken, Redactor, fetch_token
from tests.vendors.raw import BRIEF, QUICK, hang_up, raw_vendor, reply, replying

SECRET = "consumer-secret-1"
GRANTED = {"access_token": "granted-token-1", "expires_in": "3599", "status": "approved"}


def fetched(url, log=None, limits=QUICK) -> AccessToken:
    log = [] if log is None else log
    return fetch_token(url, "acme-key", SECRET, limits=limits, redactor=Redactor(), on_call=log.append)


def lifetime_for(expires_in) -> timedelta:
    """Rounded to tens of seconds."""
    with raw_vendor(replying(reply(200, {**GRANTED, "expires_in": expires_in}))) as vendor:
        lives = fetched(vendor.url).expires_at - datetime.now(UTC)
    return timedelta(seconds=round(lives.total_seconds(), -1))


def test_kpns_way_of_asking():
    with raw_vendor(replying(reply(200, GRANTED))) as vendor:
        assert fetched(vendor.url + "/token").value == "granted-token-1"
    request = vendor.requests[0]
    assert request.startswith(b"POST /token?grant_type=client_credentials HTTP/1.1")
    assert request.endswith(b"\r\n\r\nclient_id=acme-key&client_secret=consumer-secret-1")
    assert b"authorization" not in request.lower()


def test_a_grant_type_in_the_url_is_not_repeated():
    with raw_vendor(replying(reply(200, GRANTED))) as vendor:
        fetched(vendor.url + "/token?grant_type=client_credentials")
    assert vendor.requests[0].count(b"grant_type") == 1


@pytest.mark.parametrize("told", ["3600", 3600, 3600.0, " 3600 "])
def test_the_lifetime_may_be_text_or_a_number(told):
    assert lifetime_for(told) == timedelta(hours=1)


@pytest.mark.parametrize("told", [None, "", "soon", 0, -5, True, [3600], "nan"])
def test_a_lifetime_that_is_not_told_is_short(told):
    assert lifetime_for(told) == timedelta(minutes=5)


def test_a_lifetime_is_a_day_at_most():
    assert lifetime_for("9" * 30) == timedelta(days=1)
    assert lifetime_for("inf") == timedelta(days=1)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_no_is_a_matter_for_a_person(status):
    answer = reply(status, {"ErrorCode": "invalid_client", "Error": "x"})
    with raw_vendor(replying(answer)) as vendor, pytest.raises(VendorCredentialsRejected) as caught:
        fetched(vendor.url)
    assert caught.value.status == status


@pytest.mark.parametrize("status", [302, 404, 405, 500, 502, 503])
def test_every_other_failure_may_be_tried_again(status):
    with raw_vendor(replying(reply(status))) as vendor, pytest.raises(VendorUnavailable) as caught:
        fetched(vendor.url)
    assert type(caught.value) is VendorUnavailable
    assert caught.value.status == status


def test_a_throttled_token_endpoint():
    with raw_vendor(replying(reply(429, b"", Retry_After="600"))) as vendor, pytest.raises(VendorThrottled) as caught:
        fetched(vendor.url)
    assert caught.value.retry_at > datetime.now(UTC) + timedelta(seconds=500)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        {},
        {"access_token": None},
        {"access_token": 5},
        {"access_token": "a b"},
        {"access_token": ""},
    ],
    ids=str,
)
def test_an_answer_without_a_token(body):
    with raw_vendor(replying(reply(200, body))) as vendor, pytest.raises(VendorUnavailable) as caught:
        fetched(vendor.url)
    assert type(caught.value) is VendorUnavailable


def test_no_answer():
    with raw_vendor(lambda connection, request: hang_up(connection)) as vendor, pytest.raises(VendorUnavailable):
        fetched(vendor.url)
    with raw_vendor(lambda connection, request: None) as vendor, pytest.raises(VendorUnavailable):
        fetched(vendor.url, limits=BRIEF)


def test_the_log_and_the_token_keep_their_secrets():
    log = []
    with raw_vendor(replying(reply(200, GRANTED))) as vendor:
        token = fetched(vendor.url, log)
    assert len(log) == 1
    assert "granted-token-1" not in repr(token)
    assert SECRET not in repr(log)
    assert "granted-token-1" not in repr(log)
    assert "client_id=acme-key" in log[0].request
