"""What releasing would mean: the vendor's quota and quiet hours, as plain arithmetic."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from messaging.campaigns.guards import day_of, quiet_until
from messaging.campaigns.outlook import _pauses_at, outlook_of, time_for
from messaging.models import Campaign, SmsRules
from portal.tenancy.models import Tenant
from portal.vendors.models import Connection, ConnectionState

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
NIGHT = SmsRules(quiet_from=time(21), quiet_until=time(8))
SIESTA = SmsRules(quiet_from=time(13), quiet_until=time(15))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("calls", "limit", "used", "interval", "resets_in", "takes"),
    [
        (100, None, None, "1 minute", None, None),
        (100, 60, 0, "", None, None),
        (60, 60, 0, "1 minute", None, 0),
        (61, 60, 0, "1 minute", None, 60),
        (121, 60, 0, "minute", None, 120),
        (30, 60, 40, "1 minute", 20, 20),
        (20, 60, 40, "1 minute", 20, 0),
        (81, 60, 40, "1 minute", 20, 80),
        (30, 60, 40, "1 minute", -5, 0),
        (500, 100, 0, "2 hours", None, 4 * 7200),
    ],
)
def test_how_long_it_takes_by_the_vendors_quota(calls, limit, used, interval, resets_in, takes):
    resets_at = None if resets_in is None else NOON + timedelta(seconds=resets_in)
    health = ConnectionState(quota_limit=limit, quota_used=used, quota_interval=interval, quota_resets_at=resets_at)
    assert time_for(calls, health, NOON) == (None if takes is None else timedelta(seconds=takes))


@pytest.mark.parametrize(
    ("rules", "at", "until"),
    [
        (NIGHT, "2026-11-02T20:59", None),
        (NIGHT, "2026-11-02T21:00", "2026-11-03T08:00"),
        (NIGHT, "2026-11-03T07:59", "2026-11-03T08:00"),
        (NIGHT, "2026-11-03T08:00", None),
        # The clocks go forward within it.
        (NIGHT, "2027-03-27T23:00", "2027-03-28T08:00"),
        (SIESTA, "2026-11-02T12:59", None),
        (SIESTA, "2026-11-02T14:00", "2026-11-02T15:00"),
        (SmsRules(), "2026-11-02T03:00", None),
    ],
)
def test_when_quiet_hours_end(rules, at, until):
    assert quiet_until(rules, AMSTERDAM, local(at)) == (local(until) if until else None)


def test_what_is_not_done_when_they_begin_waits():
    begins = local("2026-11-02T20:00")
    assert _pauses_at(begins, timedelta(hours=2), NIGHT, AMSTERDAM) == local("2026-11-02T21:00")
    assert _pauses_at(begins, timedelta(minutes=30), NIGHT, AMSTERDAM) is None
    assert _pauses_at(begins, timedelta(hours=2), SmsRules(), AMSTERDAM) is None


@pytest.mark.parametrize(
    ("at", "ignores", "begins", "day"),
    [
        ("2026-11-02T23:00", False, "2026-11-03T08:00", "2026-11-03"),
        ("2026-11-02T23:00", True, None, "2026-11-02"),
        ("2026-11-02T12:00", False, None, "2026-11-02"),
    ],
)
def test_the_page_holds_it_against_the_same_day_as_the_release(at, ignores, begins, day):
    """The day on which it begins: after quiet hours, that may be the next one."""
    acme = Connection(tenant=Tenant(time_zone="Europe/Amsterdam"))
    campaign = Campaign(connection=acme, ignores_quiet_hours=ignores, plan={"calls": 1})
    seen = outlook_of(campaign, NIGHT, ConnectionState(), [], AMSTERDAM, local(at))
    assert seen.waits_until == (local(begins) if begins else None)
    assert seen.day.isoformat() == day_of(campaign, NIGHT, local(at)).isoformat() == day
