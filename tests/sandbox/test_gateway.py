import time
from datetime import UTC, datetime

import pytest

from sandbox.control import ControlError
from tests.sandbox.caller import assert_refused


def test_every_answer_names_its_version_and_transaction(acme):
    answers = [acme.call("GET", "/order"), acme.call("GET", "/nothing"), acme.call("GET", "/order", token="wrong")]
    assert len({answer.headers["X-Transaction-Id"] for answer in answers}) == 3
    assert {answer.headers["api-version"] for answer in answers} == {"1.0"}
    assert {answer.headers["sunset"] for answer in answers} == {"n/a"}


def test_an_account_may_be_told_of_a_sunset_and_a_new_version(acme, control):
    control.put_account("acme", sunset="2027-01-01", api_version="2.0")
    headers = acme.call("GET", "/order").headers
    assert (headers["sunset"], headers["api-version"]) == ("2027-01-01", "2.0")


def test_an_account_without_a_quota_hears_of_none(acme):
    assert "quota-limit" not in acme.call("GET", "/order").headers


def test_the_quota_is_counted_and_then_refused(acme, control):
    control.put_account("acme", quota_limit=2, quota_interval=5)
    assert [acme.call("GET", "/order").headers["quota-used"] for _ in range(2)] == ["1", "2"]
    refused = acme.order(1)
    assert_refused(refused, 429, "TooManyRequests")
    assert refused.headers["quota-limit"] == "2"
    assert refused.headers["quota-used"] == "2"
    assert refused.headers["quota-interval"] == "5"
    assert refused.headers["quota-time-unit"] == "minute"
    assert datetime.fromisoformat(refused.headers["quota-reset-UTC"]).tzinfo == UTC
    assert control.ledger("acme") == []


def test_one_accounts_quota_is_not_anothers(acme, globex, control):
    control.put_account("acme", quota_limit=1)
    acme.call("GET", "/order")
    assert acme.call("GET", "/order").status_code == 429
    assert globex.call("GET", "/order").status_code == 200


def test_the_quota_opens_again_at_its_reset(acme, control):
    control.put_account("acme", quota_limit=1, quota_time_unit="second", quota_reset_format="epoch_ms")
    acme.call("GET", "/order")
    refused = acme.call("GET", "/order")
    assert refused.status_code == 429
    time.sleep(max(0, int(refused.headers["quota-reset-UTC"]) / 1000 - time.time()))
    assert acme.call("GET", "/order").headers["quota-used"] == "1"


def test_a_blocked_account_is_forbidden(acme, control):
    control.put_account("acme", blocked=True)
    assert_refused(acme.call("GET", "/order"), 403, "Forbidden")


def test_the_request_log_counts_and_times_each_call(acme, globex, control):
    acme.order(1)
    acme.call("GET", "/order/O1")
    acme.call("GET", "/order/O2")
    globex.call("GET", "/order")
    assert control.count_requests("acme", "GET", "/order/{order_number}") == 2
    assert control.count_requests("acme", "POST", "/oauth/client_credential/accesstoken") == 1
    logged = control.requests("acme", last=3)
    assert [(row["method"], row["status"]) for row in logged] == [("POST", 201), ("GET", 404), ("GET", 404)]
    assert [row["at"] for row in logged] == sorted(row["at"] for row in logged)


def test_every_vendor_call_takes_the_latency(acme, control):
    acme.token  # noqa: B018 - asked for before the clock runs
    control.set_latency(0.15)
    before = time.monotonic()
    acme.call("GET", "/order")
    assert time.monotonic() - before >= 0.15
    assert control.settings() == {"latency_seconds": 0.15, "latency_jitter_seconds": 0, "report_speed": 1}


@pytest.mark.parametrize("fields", [{"quota_limit": 0}, {"limit_eur": "much"}, {"colour": "red"}, {"blocked": 1}])
def test_an_agreement_that_makes_no_sense_is_refused(acme, control, fields):
    with pytest.raises(ControlError, match=next(iter(fields))):
        control.put_account("acme", **fields)
