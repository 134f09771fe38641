"""Months on the calendar of a zone, also in the hours that clocks repeat or leave out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.months import BILLING_ZONE, month, month_of, months_from, next_month
from portal.billing.peaks import Change, peak

# Zones whose clocks change at midnight, at the first of a month, by half an hour, or not at all, among them.
ZONES = ["Europe/Amsterdam", "America/Havana", "America/Asuncion", "Asia/Beirut", "Australia/Lord_Howe", "UTC"]
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(1995, 1, 1), datetime(2040, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))


@given(moments, zones)
def test_a_month_holds_its_moment(moment, zone):
    assert moment in month_of(moment, zone)


@given(moments, zones)
def test_a_month_is_the_calendar_month_of_its_zone(moment, zone):
    period, local = month_of(moment, zone), moment.astimezone(zone)
    last = (period.end - timedelta(microseconds=1)).astimezone(zone)
    assert (last.year, last.month) == (local.year, local.month)
    assert (period.start - timedelta(microseconds=1)).astimezone(zone).month != local.month


@given(moments, zones)
def test_months_follow_one_another_without_a_gap(moment, zone):
    period = month_of(moment, zone)
    assert next_month(period, zone).start == period.end


def test_the_month_in_which_summer_time_ends_is_an_hour_longer():
    assert month(2026, 10).end - month(2026, 10).start == timedelta(days=31, hours=1)
    assert month(2026, 3).end - month(2026, 3).start == timedelta(days=31, hours=-1)


def test_december_ends_with_the_year():
    assert month(2026, 12).end == datetime(2026, 12, 31, 23, tzinfo=UTC)


def test_an_order_an_hour_before_utc_midnight_belongs_to_the_dutch_month_that_has_begun():
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    assert month_of(late) == month(2026, 11)
    assert peak([Change(late, 5)], month(2026, 10)).value == 0


def test_the_hour_that_comes_twice_is_two_hours():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BILLING_ZONE)
    second = first.replace(fold=1)
    # Written on one wall clock the later one comes first; in truth the level was 5, then 0.
    told = peak([Change(second, -5), Change(first, 5)], month(2026, 10))
    assert told.value == 5


def test_all_months_between_two_moments():
    listed = list(months_from(datetime(2026, 11, 21, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)))
    assert listed == [month(2026, 11), month(2026, 12), month(2027, 1), month(2027, 2)]


def test_a_naive_moment_has_no_month():
    with pytest.raises(ValueError, match="time zone"):
        month_of(datetime(2026, 1, 1))
