"""The same layer against the simulated gateway, faults and all."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from portal.vendors.errors import (
    VendorCredentialsRejected,
    VendorOutcomeUnknown,
    VendorProtocolError,
    VendorRefused,
    VendorThrottled,
    VendorUnavailable,
)
from portal.vendors.http import Limits, Redactor, VendorHttp, fetch_token
from sandbox.process import running_sandbox

SECRET = "acme-consumer-secret"
ORDER = {"product": "KPN-VoiceVideo-C", "type": "increment", "quantity": 3}
LIMITS = Limits(connect_timeout=2, read_timeout=5, total_timeout=10, max_answer_bytes=200_000)


@pytest.fixture(scope="module")
def server():
    with running_sandbox() as running:
        yield running


@pytest.fixture
def sandbox(server):
    server.control.reset()
    server.control.put_account("acme", SECRET)
    return server


class GatewayTokens:
    """Acme's tokens, asked for when needed."""

    def __init__(self, sandbox, redactor, log) -> None:
        self._ask = lambda: (
            fetch_token(sandbox.token_url, "acme", SECRET, limits=LIMITS, redactor=redactor, on_call=log.append).value
        )
        self._token = ""

    def current(self) -> str:
        self._token = self._token or self._ask()
        return self._token

    def renew(self, rejected: str) -> str:
        self._token = self._ask()
        return self._token


class Line:
    """One connection of Acme's to the sandbox."""

    def __init__(self, sandbox, limits: Limits = LIMITS) -> None:
        self.log = []
        redactor = Redactor([SECRET])
        tokens = GatewayTokens(sandbox, redactor, self.log)
        self.http = VendorHttp(
            sandbox.kandy_url, tokens=tokens, limits=limits, redactor=redactor, on_call=self.log.append
        )


@pytest.fixture
def line(sandbox):
    return Line(sandbox)


def orders_taken(sandbox) -> int:
    return len(sandbox.control.ledger("acme", "order_taken"))


def test_an_order_is_taken(sandbox, line):
    assert line.http.post("/order", json=ORDER)["status"] == "fulfilled"
    assert orders_taken(sandbox) == 1
    asked, ordered = line.log
    assert asked.path.endswith("/accesstoken")
    assert (ordered.status, ordered.sunset, ordered.api_version) == (201, "n/a", "1.0")
    assert ordered.request_id == sandbox.control.ledger("acme")[0]["transaction_id"]
    assert SECRET not in repr(line.log)


def test_a_revoked_token_is_replaced_within_the_call(sandbox, line):
    line.http.get("/inventory")
    sandbox.control.revoke_tokens("acme")
    line.http.post("/order", json=ORDER)
    assert [record.status for record in line.log] == [200, 200, 401, 200, 201]
    assert orders_taken(sandbox) == 1


def test_wrong_credentials(sandbox, line):
    sandbox.control.put_account("acme", "another-secret")
    with pytest.raises(VendorCredentialsRejected):
        line.http.post("/order", json=ORDER)


def test_a_refusal_in_the_gateways_words(line):
    with pytest.raises(VendorRefused) as caught:
        line.http.post("/order", json={**ORDER, "type": "decrement"})
    assert caught.value.status == 412
    assert caught.value.vendor_message
    assert caught.value.request_id


@pytest.mark.parametrize("quota_format", ["iso", "epoch_ms"])
def test_the_quota_is_told_and_then_enforced(sandbox, line, quota_format):
    sandbox.control.put_account("acme", quota_limit=2, quota_reset_format=quota_format)
    line.http.get("/inventory")
    line.http.get("/inventory")
    quota = line.log[-1].quota
    assert (quota.limit, quota.used, quota.interval, quota.unit) == (2, 2, 1, "minute")
    with pytest.raises(VendorThrottled) as caught:
        line.http.post("/order", json=ORDER)
    assert caught.value.retry_at == quota.resets_at
    assert datetime.now(UTC) < quota.resets_at < datetime.now(UTC) + timedelta(seconds=70)
    assert orders_taken(sandbox) == 0


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        ("lost_answer", {}),
        ("reset", {"after_work": True}),
        ("status", {"status": 503, "after_work": True}),
        ("redirect", {"after_work": True}),
        ("broken_json", {}),
        ("huge", {}),
    ],
)
def test_what_was_done_and_not_heard_of_is_unknown(sandbox, line, fault, facts):
    sandbox.control.add_fault(fault, path="/order", times=1, **facts)
    with pytest.raises(VendorOutcomeUnknown):
        line.http.post("/order", json=ORDER)
    assert orders_taken(sandbox) == 1
    assert line.http.get("/order"), "the next call is undisturbed"


@pytest.mark.parametrize(
    ("fault", "facts"), [("no_work_lost", {}), ("reset", {}), ("status", {"status": 503}), ("redirect", {})]
)
def test_what_was_not_done_looks_just_the_same(sandbox, line, fault, facts):
    sandbox.control.add_fault(fault, path="/order", times=1, **facts)
    with pytest.raises(VendorOutcomeUnknown):
        line.http.post("/order", json=ORDER)
    assert orders_taken(sandbox) == 0


@pytest.mark.parametrize("headers", [True, False])
def test_slow_bytes_end_at_the_deadline(sandbox, headers):
    sandbox.control.add_fault("slow_bytes", path="/order", times=2, seconds=0.2, headers=headers)
    line = Line(sandbox, Limits(read_timeout=5, total_timeout=0.6))
    began = time.monotonic()
    with pytest.raises(VendorOutcomeUnknown):
        line.http.post("/order", json=ORDER)
    with pytest.raises(VendorUnavailable):
        line.http.get("/order")
    assert time.monotonic() - began < 5
    assert orders_taken(sandbox) == 1


def test_reads_that_fail(sandbox, line):
    for fault, expected in [
        ("broken_json", VendorProtocolError),
        ("huge", VendorProtocolError),
        ("reset", VendorUnavailable),
    ]:
        sandbox.control.add_fault(fault, path="/inventory", times=1)
        with pytest.raises(expected) as caught:
            line.http.get("/inventory")
        assert type(caught.value) is expected


def test_a_vendor_that_is_down_was_sent_nothing_and_is_found_again(sandbox, line):
    line.http.get("/inventory")
    sandbox.kill()
    try:
        with pytest.raises(VendorUnavailable, match="Nothing was sent"):
            line.http.post("/order", json=ORDER)
    finally:
        sandbox.start()
    line.http.post("/order", json=ORDER)
    assert orders_taken(sandbox) == 1
