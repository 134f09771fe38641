"""Reading the quota and keeping pace with it, and what the call log says of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.vendors.quota import Quota, pace
from portal.vendors.times import read_time
from tests.vendors.raw import Caller, raw_vendor, reply, replying

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
IN_A_MINUTE = NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T08:01:00Z",
        "2026-11-21T08:01:00.000Z",
        "2026-11-21T09:01:00+01:00",
        "2026-11-21 08:01:00",
        str(int(IN_A_MINUTE.timestamp())),
        int(IN_A_MINUTE.timestamp()),
        str(int(IN_A_MINUTE.timestamp()) * 1000),
        IN_A_MINUTE.timestamp() * 1000,
        "Sat, 21 Nov 2026 08:01:00 GMT",
    ],
)
def test_a_moment_however_it_is_written(text):
    assert read_time(text) == IN_A_MINUTE


@pytest.mark.parametrize(
    "text", ["", "soon", "60", "nan", "inf", "-1", "9" * 400, None, True, [], {}, "2026-13-01", "0001-01-01"]
)
def test_what_is_no_moment(text):
    assert read_time(text) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_no_value_breaks_the_reading_of_moments(value):
    assert read_time(value) is None or read_time(value).tzinfo is UTC


def test_a_quota_is_read_from_headers_in_any_case():
    headers = {"Quota-Limit": "100", "quota-used": "85", "QUOTA-INTERVAL": "1", "quota-time-unit": "Minute"}
    quota = Quota.parse({**headers, "quota-reset-UTC": "2026-11-21T08:01:00Z"})
    assert quota == Quota(limit=100, used=85, interval=1, unit="minute", resets_at=IN_A_MINUTE)


@pytest.mark.parametrize(
    "headers",
    [{}, {"quota-limit": "5"}, {"quota-limit": "x", "quota-used": "1"}, {"quota-limit": "-5", "quota-used": "1"}],
)
def test_no_quota(headers):
    assert Quota.parse(headers) is None


@given(st.dictionaries(st.sampled_from(["quota-limit", "quota-used", "quota-interval", "quota-reset-UTC"]), st.text()))
def test_no_header_breaks_the_quota(headers):
    Quota.parse(headers)


@pytest.mark.parametrize(
    ("used", "seconds"),
    [(0, 0), (79, 0), (80, 3), (90, 6), (99, 60), (100, 60), (250, 60)],
)
def test_the_rest_is_spread_over_the_time_to_the_reset(used, seconds):
    assert pace(Quota(100, used, resets_at=IN_A_MINUTE), NOW) == timedelta(seconds=seconds)


def test_after_the_reset_nobody_waits():
    assert pace(Quota(100, 100, resets_at=NOW - timedelta(seconds=1)), NOW) == timedelta()


def test_nobody_waits_for_years():
    assert pace(Quota(100, 100, resets_at=NOW + timedelta(days=900)), NOW) == timedelta(days=31)


def test_without_a_known_reset_only_a_used_up_quota_waits():
    assert pace(Quota(100, 99), NOW) == timedelta()
    assert pace(Quota(100, 100), NOW) == timedelta(seconds=60)
    assert pace(Quota(0, 0), NOW) == timedelta(seconds=60)


def test_the_call_log_knows_quota_version_and_sunset():
    answer = reply(200, {}, quota_limit="10", quota_used="3", api_version="1.4", sunset="n/a", X_Request_Id="R1")
    with raw_vendor(replying(answer)) as vendor:
        caller = Caller(vendor.url + "/base")
        caller.get("/order/O1", params={"page": 2})
    record = caller.log[0]
    assert (record.method, record.path, record.status, record.request_id) == ("GET", "/base/order/O1", 200, "R1")
    assert (record.quota, record.api_version, record.sunset) == (Quota(10, 3), "1.4", "n/a")
    assert record.request.startswith("GET /base/order/O1?page=2\n")
    assert record.started_at.tzinfo is UTC
    assert record.duration_ms >= 0
    assert record.error == ""
    assert str(vendor.port) not in record.request + record.path


def test_the_call_log_is_bounded():
    with raw_vendor(replying(reply(200, {"many": ["x" * 50] * 1000}))) as vendor:
        caller = Caller(vendor.url)
        caller.post("/" + "p" * 2000, json={"many": ["y" * 50] * 1000})
    record = caller.log[0]
    assert len(record.request) == len(record.response) == 8000
    assert len(record.path) == 300
