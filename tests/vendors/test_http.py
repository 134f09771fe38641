"""What each answer, and each lack of one, means for the next move."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from portal.vendors.errors import (
    VendorCredentialsRejected,
    VendorError,
    VendorOutcomeUnknown,
    VendorProtocolError,
    VendorRefused,
    VendorThrottled,
    VendorUnavailable,
)
from tests.vendors.raw import NEW_TOKEN, TOKEN, Caller, RawVendor, Tokens, hang_up, raw_vendor, reply, replying, reset

WRITES = ["post", "put", "delete"]


def error_of(answer: bytes, method: str) -> VendorError:
    with raw_vendor(replying(answer)) as vendor, pytest.raises(VendorError) as caught:
        getattr(Caller(vendor.url), method)("/order")
    return caught.value


# --- Success --------------------------------------------------------------------------------------------------------


def test_json_goes_out_and_comes_back():
    with raw_vendor(replying(reply(201, {"order_number": "O1"}))) as vendor:
        answer = Caller(vendor.url + "/base/").post("/order", params={"a": "b c"}, json={"quantity": 5})
    assert answer == {"order_number": "O1"}
    request = vendor.requests[0]
    assert request.startswith(b"POST /base/order?a=b+c HTTP/1.1\r\n")
    assert request.endswith(b'\r\n\r\n{"quantity": 5}')
    assert b"Content-Type: application/json" in request
    assert b"User-Agent: Patchbay/1" in request
    assert f"Authorization: Bearer {TOKEN}".encode() in request


def test_a_form_goes_out_encoded():
    with raw_vendor(replying(reply(200, {}))) as vendor:
        Caller(vendor.url).put("/account", form={"name": "Zoë & co", "n": 1})
    assert vendor.requests[0].endswith(b"\r\n\r\nname=Zo%C3%AB+%26+co&n=1")
    assert b"Content-Type: application/x-www-form-urlencoded" in vendor.requests[0]


@pytest.mark.parametrize("answer", [reply(200), reply(202), b"HTTP/1.1 204 No Content\r\n\r\n"])
def test_an_empty_success_is_none(answer):
    with raw_vendor(replying(answer)) as vendor:
        assert Caller(vendor.url).delete("/subscriber/S1") is None


def test_a_body_that_is_no_json_is_the_callers_mistake_and_nothing_is_sent():
    with raw_vendor(replying(reply(200))) as vendor, pytest.raises(ValueError, match="JSON compliant"):
        Caller(vendor.url).post("/order", json={"quantity": float("nan")})
    assert vendor.connections == 0


# --- Answers that are refusals or worse -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 412, 422, 451])
@pytest.mark.parametrize("method", ["get", *WRITES])
def test_a_refusal_is_final_and_in_the_vendors_words(status, method):
    body = {"transactionId": "T-9", "status": str(status), "name": "No", "message": "Not now", "info": "Ask sales"}
    error = error_of(reply(status, body), method)
    assert type(error) is VendorRefused
    assert (error.status, error.request_id, error.vendor_message) == (status, "T-9", "Not now: Ask sales")
    assert str(error) == f"The vendor refused the call (status {status}, request id T-9)"


@pytest.mark.parametrize("status", [301, 302, 307, 408, 499, 500, 502, 503, 504, 599])
def test_what_proves_nothing_leaves_a_write_unknown_and_a_read_undone(status):
    for method in WRITES:
        assert type(error_of(reply(status, b"<html>"), method)) is VendorOutcomeUnknown
    assert type(error_of(reply(status, b"<html>"), "get")) is VendorUnavailable


@pytest.mark.parametrize("status", [407, 425])
def test_what_was_turned_away_early_may_be_sent_again(status):
    assert type(error_of(reply(status), "post")) is VendorUnavailable


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"errorResponse": {"code": 7, "message": "Bad number", "info": "06"}}, "Bad number: 06"),
        ({"fault": {"faultstring": "Blocked", "detail": {}}}, "Blocked"),
        ({"error": "invalid", "error_description": "Too old"}, "Too old"),
        ({"message": ["not", "text"]}, ""),
        ([{"message": "In a list"}], "In a list"),
        ({"message": "a\nb"}, "a b"),
        ("just text", ""),
        (None, ""),
    ],
)
def test_the_vendors_words_are_found_where_vendors_put_them(body, words):
    assert error_of(reply(400, json.dumps(body).encode()), "post").vendor_message == words


def test_the_vendors_words_are_short():
    assert len(error_of(reply(400, {"message": "x" * 9000}), "get").vendor_message) == 300


def test_the_request_id_may_be_in_a_header():
    assert error_of(reply(404, b"", X_Transaction_Id="T1"), "get").request_id == "T1"
    assert error_of(reply(404, b"", X_Request_Id="R1"), "get").request_id == "R1"
    assert error_of(reply(404), "get").request_id is None


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b'{"half": ', b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5000], ids=len
)
def test_a_success_that_cannot_be_read(body):
    for method in WRITES:
        assert type(error_of(reply(200, body), method)) is VendorOutcomeUnknown
    assert type(error_of(reply(200, body), "get")) is VendorProtocolError


def test_what_the_caller_cannot_understand_after_a_write_is_unknown():
    def parse(payload):
        raise VendorProtocolError("No number", raw={"password": "hush-hush", "n": 1})

    with raw_vendor(replying(reply(201, {"n": 1}, X_Request_Id="R1"))) as vendor:
        caller = Caller(vendor.url)
        with pytest.raises(VendorOutcomeUnknown) as unknown:
            caller.post("/order", parse=parse)
        with pytest.raises(VendorProtocolError) as unread:
            caller.get("/order", parse=parse)
    for error in (unknown.value, unread.value):
        assert (error.status, error.request_id, error.raw) == (201, "R1", {"password": "***", "n": 1})
        assert "hush" not in str(error)


# --- 401 and 429 ----------------------------------------------------------------------------------------------------


def test_a_401_costs_one_new_token_and_one_repeat():
    with raw_vendor(replying(reply(401), reply(201, {"ok": 1}))) as vendor:
        caller = Caller(vendor.url)
        assert caller.post("/order", json={"quantity": 1}) == {"ok": 1}
    assert caller.tokens.rejected == [TOKEN]
    assert [record.status for record in caller.log] == [401, 201]
    assert f"Bearer {NEW_TOKEN}".encode() in vendor.requests[1]
    assert vendor.requests[1].endswith(b'{"quantity": 1}')


def test_a_second_401_is_a_matter_for_a_person():
    with raw_vendor(replying(reply(401))) as vendor, pytest.raises(VendorCredentialsRejected):
        Caller(vendor.url).post("/order")
    assert len(vendor.requests) == 2


def test_a_token_that_cannot_be_renewed_ends_the_call():
    class Broken(Tokens):
        def renew(self, rejected):
            raise VendorUnavailable("The token endpoint gave no token")

    with raw_vendor(replying(reply(401))) as vendor, pytest.raises(VendorUnavailable, match="no token"):
        Caller(vendor.url, tokens=Broken()).post("/order")
    assert len(vendor.requests) == 1


def near(moment: datetime, expected: datetime) -> bool:
    return abs(moment - expected) < timedelta(seconds=20)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_429_waits_for_the_reset(method):
    soon = datetime.now(UTC) + timedelta(hours=2)
    error = error_of(reply(429, b"", quota_reset_UTC=soon.isoformat(), Retry_After="5"), method)
    assert type(error) is VendorThrottled
    assert error.retry_at == soon


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "90"}, 90),
        ({"quota_reset_UTC": "2001-01-01T00:00:00Z", "Retry_After": "90"}, 90),
        ({"quota_reset_UTC": "soon", "Retry_After": "later"}, 60),
        ({}, 60),
        ({"Retry_After": "9" * 40}, 31 * 86400),
        ({"quota_reset_UTC": "2098-01-01T00:00:00"}, 31 * 86400),
    ],
)
def test_when_a_429_says_otherwise_or_nothing(headers, seconds):
    error = error_of(reply(429, b"", **headers), "get")
    assert near(error.retry_at, datetime.now(UTC) + timedelta(seconds=seconds))


# --- No answer ------------------------------------------------------------------------------------------------------


def test_a_closed_port_means_that_nothing_was_sent():
    with raw_vendor(replying(b"")) as vendor:
        url = vendor.url
    for method in ("get", *WRITES):
        caller = Caller(url)
        with pytest.raises(VendorUnavailable, match="Nothing was sent") as caught:
            getattr(caller, method)("/order")
        assert type(caught.value) is VendorUnavailable
        assert "refused" in caller.log[0].error
        assert caller.log[0].status is None


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid", "http://127.0.0.1:99999", "http://[nonsense", "ftp://x"]
)
def test_an_address_that_leads_nowhere_means_that_nothing_was_sent(url):
    caller = Caller(url)
    with pytest.raises(VendorUnavailable, match="Nothing was sent"):
        caller.post("/order")
    assert len(caller.log) == 1


def test_a_token_that_fits_no_header_means_that_nothing_was_sent():
    with raw_vendor(replying(reply(200))) as vendor, pytest.raises(VendorUnavailable, match="Nothing was sent"):
        Caller(vendor.url, tokens=Tokens("evil\r\nX-Injected: 1")).post("/order")
    assert vendor.requests == []


@pytest.mark.parametrize("leave", [reset, hang_up])
def test_a_connection_that_ends_unanswered(leave):
    with raw_vendor(lambda connection, request: leave(connection)) as vendor:
        for method in WRITES:
            with pytest.raises(VendorOutcomeUnknown):
                getattr(Caller(vendor.url), method)("/order")
        with pytest.raises(VendorUnavailable):
            Caller(vendor.url).get("/order")
    assert len(vendor.requests) == 4, "nothing is sent twice by itself"


@pytest.mark.parametrize("length", [17, 30, 60], ids=["status line", "headers", "body"])
def test_half_an_answer(length):
    def script(connection, request):
        connection.sendall(reply(200, {"order_number": "O1"}, X_More="m")[:length])
        hang_up(connection)

    with raw_vendor(script) as vendor:
        with pytest.raises(VendorOutcomeUnknown, match="cannot be read"):
            Caller(vendor.url).post("/order")
        with pytest.raises(VendorProtocolError):
            Caller(vendor.url).get("/order")


@pytest.mark.parametrize(
    "answer", [b"\r\n\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 banana\r\n\r\n", b"HTTP/1.1 200\r\n" + b"a" * 99_999]
)
def test_what_is_no_http(answer):
    def script(connection, request):
        connection.sendall(answer)
        hang_up(connection)

    with raw_vendor(script) as vendor:
        with pytest.raises(VendorOutcomeUnknown):
            Caller(vendor.url).post("/order")
        with pytest.raises(VendorUnavailable):
            Caller(vendor.url).get("/order")


# --- Too late to send -----------------------------------------------------------------------------------------------


def test_nothing_leaves_after_the_claim_ran_out():
    with raw_vendor(replying(reply(201, {}))) as vendor:
        caller = Caller(vendor.url, send_by=time.monotonic() - 0.001)
        with pytest.raises(VendorUnavailable, match="the claim on this call ran out"):
            caller.post("/order")
        assert vendor.requests == []
        assert len(caller.log) == 1


def test_the_repeat_after_a_401_has_to_leave_in_time_as_well():
    vendor_is_slow = 0.3

    def script(connection, request):
        time.sleep(vendor_is_slow)
        connection.sendall(reply(401))

    with raw_vendor(script) as vendor:
        caller = Caller(vendor.url, send_by=time.monotonic() + vendor_is_slow / 2)
        with pytest.raises(VendorUnavailable, match="the claim on this call ran out"):
            caller.post("/order")
        assert len(vendor.requests) == 1


def test_a_claim_that_still_holds_lets_the_call_leave():
    with raw_vendor(replying(reply(201, {"ok": 1}))) as vendor:
        assert Caller(vendor.url, send_by=time.monotonic() + 30).post("/order") == {"ok": 1}


def test_a_log_that_fails_does_not_change_the_outcome(caplog):
    class Forgetful(Caller):
        def __init__(self, vendor: RawVendor) -> None:
            super().__init__(vendor.url)
            self._on_call = lambda record: 1 / 0

    with raw_vendor(replying(reply(201, {"ok": 1}))) as vendor:
        assert Forgetful(vendor).post("/order") == {"ok": 1}
    assert "could not be logged" in caplog.text
