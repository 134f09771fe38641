"""Quiet hours, in the tenant's zone: over midnight, and where clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from messaging.campaigns.guards import quiet_until
from messaging.models import Campaign, SmsRules
from tests.messaging.dispatch import keep_rules

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def until(start: str, end: str, now: datetime, zone: ZoneInfo = AMSTERDAM) -> datetime | None:
    rules = SmsRules(quiet_from=time.fromisoformat(start), quiet_until=time.fromisoformat(end))
    return quiet_until(rules, zone, now)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-07-01 18:59", None),
        ("2026-07-01 19:00", "2026-07-02 06:00"),
        ("2026-07-01 23:30", "2026-07-02 06:00"),
        ("2026-07-02 05:59", "2026-07-02 06:00"),
        ("2026-07-02 06:00", None),
        ("2026-01-15 19:59", None),
        ("2026-01-15 20:00", "2026-01-16 07:00"),
    ],
)
def test_a_night_from_nine_to_eight_in_summer_and_winter(now, ends):
    assert until("21:00", "08:00", utc(now)) == (utc(ends) if ends else None)


@pytest.mark.parametrize(("now", "ends"), [("2026-01-15 11:00", "2026-01-15 12:00"), ("2026-01-15 12:00", None)])
def test_a_rest_at_noon(now, ends):
    assert until("12:00", "13:00", utc(now)) == (utc(ends) if ends else None)


def test_the_zone_is_the_tenants():
    assert until("21:00", "08:00", utc("2026-07-01 18:30"), ZoneInfo("Europe/Athens")) == utc("2026-07-02 05:00")


def test_in_the_night_that_clocks_go_forward_it_is_quiet_till_eight_all_the_same():
    """29 March 2026, 02:00 becomes 03:00."""
    assert until("21:00", "08:00", utc("2026-03-28 23:30")) == utc("2026-03-29 06:00")
    assert until("21:00", "02:30", utc("2026-03-29 00:45")) == utc("2026-03-29 01:30")


def test_in_the_night_that_clocks_go_back_it_is_quiet_through_both_hours():
    """25 October 2026, 03:00 becomes 02:00: half past two comes twice."""
    assert until("21:00", "02:30", utc("2026-10-25 00:45")) == utc("2026-10-25 01:30")
    assert until("02:15", "02:45", utc("2026-10-25 01:10")) == utc("2026-10-25 01:45")
    assert until("21:00", "02:30", utc("2026-10-25 01:30")) is None


def test_without_quiet_hours_it_is_never_quiet():
    assert quiet_until(SmsRules(), AMSTERDAM, timezone.now()) is None


def around_now(dispatch) -> dict[str, time]:
    """Quiet hours that hold now, whenever that is."""
    local = timezone.now().astimezone(dispatch.mailroom.tenant.zone)
    return {"quiet_from": (local - timedelta(hours=2)).time(), "quiet_until": (local + timedelta(hours=2)).time()}


def test_in_quiet_hours_nothing_leaves_and_afterwards_everything(dispatch):
    keep_rules(dispatch.connection.tenant_id, **around_now(dispatch))
    campaign = dispatch.released(2)
    dispatch.send(campaign, rounds=2)
    assert dispatch.reached() == []
    assert dispatch.fresh(campaign).due_at > timezone.now() + timedelta(minutes=30)

    keep_rules(dispatch.connection.tenant_id, quiet_from=None, quiet_until=None)
    dispatch.send(campaign)
    assert len(dispatch.reached()) == 2


def test_what_was_asked_for_before_quiet_hours_is_held_at_the_claim(dispatch):
    campaign = dispatch.released(2)
    dispatch.turn(campaign)
    keep_rules(dispatch.connection.tenant_id, **around_now(dispatch))
    dispatch.mailroom.work_once()
    assert dispatch.reached() == []


def test_a_campaign_may_ignore_quiet_hours(dispatch):
    keep_rules(dispatch.connection.tenant_id, **around_now(dispatch))
    campaign = dispatch.send(dispatch.released(2, ignores_quiet_hours=True))
    assert campaign.state == Campaign.State.DONE
    assert len(dispatch.reached()) == 2


def test_before_its_time_nothing_leaves(dispatch):
    campaign = dispatch.released(2, starts_at=timezone.now() + timedelta(hours=3))
    dispatch.send(campaign, rounds=2)
    assert dispatch.reached() == []
    assert dispatch.fresh(campaign).state == Campaign.State.SCHEDULED

    with dispatch.scope():
        Campaign.objects.update(starts_at=timezone.now())
    assert dispatch.send(campaign).state == Campaign.State.DONE
    assert len(dispatch.reached()) == 2
