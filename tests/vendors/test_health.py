"""What is learned of a vendor by calling it: quota and its reset, troubles that come and go, versions and sunsets."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors import health
from portal.vendors.connections import change_connection, take_note_of_version
from portal.vendors.errors import VendorCredentialsRejected, VendorThrottled, VendorUnavailable
from portal.vendors.http import CallRecord, Quota
from portal.vendors.models import Connection
from tests.vendors.calling import all_at_once, api_calls, read_inventory
from tests.vendors.conftest import CLIENT_ID

pytestmark = pytest.mark.django_db(transaction=True)


def answered(status: int = 200, **fields) -> CallRecord:
    """A call as it was made a moment ago."""
    plain = {"method": "GET", "path": "/inventory", "started_at": datetime.now(UTC), "duration_ms": 1, "status": status}
    texts = {"request_id": None, "request": "", "response": "", "error": "", "quota": None}
    return CallRecord(**{**plain, **texts, "api_version": "", "sunset": "", **fields})


def learn(connection, *calls, error=None) -> timedelta:
    with tenant_scope(connection.tenant_id):
        return health.learn(connection, calls, error)


# --- Quota --------------------------------------------------------------------------------------------------------


def test_when_the_quota_is_used_up_no_call_leaves_before_the_reset(connection, control, state_of):
    control.put_account(CLIENT_ID, quota_limit=2, quota_interval=1, quota_time_unit="hour")
    read_inventory(connection, calls=2)
    calls = len(control.requests(last=1000))
    answers = all_at_once(4, lambda: read_inventory(connection))
    assert [type(answer) for answer in answers] == [VendorThrottled] * 4
    assert len(control.requests(last=1000)) == calls
    state = state_of(connection)
    assert (state.quiet_until, state.condition) == (state.quota_resets_at, "limited")


def test_a_quota_told_by_429_alone_is_kept_until_the_reset(connection, control, state_of, set_state):
    control.add_fault("throttle", seconds=30, times=1)
    told = read_inventory(connection)
    assert isinstance(told, VendorThrottled)
    state = state_of(connection)
    assert (state.trouble, state.quiet_until, state.condition) == ("quota", told.retry_at, "limited")
    seen = len(control.requests(last=1000))
    assert isinstance(read_inventory(connection), VendorThrottled)
    assert len(control.requests(last=1000)) == seen, "not even a token was asked for"
    set_state(connection, quiet_until=Now())
    control.remove_faults()
    read_inventory(connection)
    assert len(control.requests(last=1000)) > seen, "after the reset calls go on by themselves"


def test_the_quota_is_kept_for_the_gauge(connection, control, state_of):
    control.put_account(CLIENT_ID, quota_limit=100, quota_interval=1, quota_time_unit="hour")
    read_inventory(connection, calls=3)
    state = state_of(connection)
    assert (state.quota_used, state.quota_limit, state.quota_interval) == (3, 100, "1 hour")
    assert timezone.now() < state.quota_resets_at <= timezone.now() + timedelta(hours=1)
    assert state.quiet_until is None


def test_near_the_limit_one_call_leaves_and_the_others_take_later_turns(connection, control, state_of):
    control.put_account(CLIENT_ID, quota_limit=10, quota_interval=1, quota_time_unit="hour")
    read_inventory(connection, calls=8)
    rest = state_of(connection).quiet_until - timezone.now()
    assert timedelta(minutes=25) < rest <= timedelta(minutes=30), "two calls are left for an hour"
    calls = api_calls(control)
    answers = all_at_once(4, lambda: read_inventory(connection))
    assert all(isinstance(answer, VendorThrottled) for answer in answers)
    assert api_calls(control) == calls


def test_at_the_turn_of_a_slow_quota_one_worker_goes(connection, control, set_state):
    control.put_account(CLIENT_ID, quota_limit=10, quota_interval=1, quota_time_unit="hour")
    read_inventory(connection, calls=8)
    set_state(connection, quiet_until=Now())
    calls = api_calls(control)
    answers = all_at_once(4, lambda: read_inventory(connection))
    assert sum(isinstance(answer, VendorThrottled) for answer in answers) == 3
    assert api_calls(control) == calls + 1


def test_calls_that_belong_together_share_one_turn(connection, control, set_state):
    control.put_account(CLIENT_ID, quota_limit=10, quota_interval=1, quota_time_unit="hour")
    read_inventory(connection, calls=8)
    set_state(connection, quiet_until=Now())
    assert not isinstance(read_inventory(connection, calls=2), Exception)


def test_a_turn_that_comes_soon_is_waited_for(connection, control, set_state):
    set_state(connection, quiet_until=timezone.now() + timedelta(seconds=0.3))
    assert not isinstance(read_inventory(connection), Exception)


def test_a_call_asked_before_the_quota_ran_out_does_not_open_it_again(connection, state_of):
    later = timezone.now() + timedelta(minutes=10)
    learn(connection, answered(429), error=VendorThrottled("used up", retry_at=later))
    near = Quota(limit=10, used=9, resets_at=datetime.now(UTC) + timedelta(seconds=20))
    learn(connection, answered(quota=near))
    state = state_of(connection)
    assert (state.trouble, state.quiet_until) == ("quota", later)


def test_being_held_back_by_the_portal_itself_says_nothing_of_the_vendor(connection, state_of):
    wait = learn(connection, error=VendorThrottled("not now", retry_at=timezone.now() + timedelta(minutes=5)))
    assert wait > timedelta(minutes=4)
    assert (state_of(connection).trouble, state_of(connection).quiet_until) == ("", None)


# --- Troubles -----------------------------------------------------------------------------------------------------


def test_wrong_credentials_are_a_trouble_until_they_are_right(connection, control, cast, at_sandbox, state_of):
    control.put_account(CLIENT_ID, "changed at the vendor")
    assert isinstance(read_inventory(connection), VendorCredentialsRejected)
    state = state_of(connection)
    assert (state.trouble, state.condition) == ("credentials", "failing")
    assert "status 401" in state.trouble_message
    with tenant_scope(connection.tenant_id):
        changed = change_connection(
            connection, at_sandbox(client_id="", client_secret="changed at the vendor"), acting_user=cast.alice
        )
    assert state_of(connection).trouble == ""
    assert not isinstance(read_inventory(changed), Exception)
    assert state_of(connection).condition == "healthy"


def test_a_success_clears_the_trouble(connection, control, state_of):
    control.add_fault("status", status=503, times=1)
    assert isinstance(read_inventory(connection), VendorUnavailable)
    assert state_of(connection).trouble == "unreachable"
    read_inventory(connection)
    state = state_of(connection)
    assert (state.trouble, state.trouble_message, state.trouble_since) == ("", "", None)
    assert state.succeeded_at is not None


def test_a_trouble_that_lasts_keeps_the_moment_it_began(connection, control, state_of):
    control.add_fault("status", status=503)
    read_inventory(connection)
    began = state_of(connection).trouble_since
    read_inventory(connection)
    assert state_of(connection).trouble_since == began


def test_an_answer_that_is_not_understood_is_a_trouble_of_its_own(connection, control, state_of):
    control.add_fault("broken_json", path="/inventory")
    read_inventory(connection)
    assert state_of(connection).trouble == "protocol"


# --- Versions -----------------------------------------------------------------------------------------------------


def noticed(connection) -> list[Connection]:
    with tenant_scope(connection.tenant_id):
        return list(Connection.objects.with_notice())


def test_a_sunset_is_noticed_as_long_as_the_vendor_says_so(connection, control, state_of):
    read_inventory(connection)
    assert noticed(connection) == []
    control.put_account(CLIENT_ID, sunset="Sat, 31 Jul 2027 23:59:59 GMT")
    read_inventory(connection)
    assert noticed(connection) == [connection]
    assert state_of(connection).sunset == "Sat, 31 Jul 2027 23:59:59 GMT"
    control.put_account(CLIENT_ID, sunset="n/a")
    read_inventory(connection)
    assert noticed(connection) == []


def test_a_changed_version_is_noticed_until_a_person_takes_note(connection, control, cast, state_of):
    read_inventory(connection)
    control.put_account(CLIENT_ID, api_version="2.0")
    read_inventory(connection, calls=2)
    read_inventory(connection)
    state = state_of(connection)
    assert (state.previous_api_version, state.api_version) == ("1.0", "2.0")
    assert noticed(connection) == [connection]
    with tenant_scope(connection.tenant_id):
        take_note_of_version(connection, acting_user=cast.alice)
    assert noticed(connection) == []
