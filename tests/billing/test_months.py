"""Months on the calendar of a zone, also in the hours that clocks repeat or leave out."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.months import BILLING_ZONE, month, month_of, months_from, next_month
from portal.billing.peaks import Change, peak, peaks

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


# (year, month, where it ends in UTC, how many hours it has) on the calendar of Amsterdam, written down by hand.
BOUNDARIES = [
    (2026, 9, "2026-09-30T22:00", 720),
    (2026, 10, "2026-10-31T23:00", 745),
    (2026, 11, "2026-11-30T23:00", 720),
    (2026, 12, "2026-12-31T23:00", 744),
    (2027, 1, "2027-01-31T23:00", 744),
    (2027, 2, "2027-02-28T23:00", 672),
    (2027, 3, "2027-03-31T22:00", 743),
    (2027, 4, "2027-04-30T22:00", 720),
    (2027, 5, "2027-05-31T22:00", 744),
    (2027, 6, "2027-06-30T22:00", 720),
    (2027, 7, "2027-07-31T22:00", 744),
    (2027, 8, "2027-08-31T22:00", 744),
    (2027, 9, "2027-09-30T22:00", 720),
    (2027, 10, "2027-10-31T23:00", 745),
    (2027, 11, "2027-11-30T23:00", 720),
    (2027, 12, "2027-12-31T23:00", 744),
    (2028, 1, "2028-01-31T23:00", 744),
    (2028, 2, "2028-02-29T23:00", 696),
    (2028, 3, "2028-03-31T22:00", 743),
    (2028, 4, "2028-04-30T22:00", 720),
    (2028, 5, "2028-05-31T22:00", 744),
    (2028, 6, "2028-06-30T22:00", 720),
    (2028, 7, "2028-07-31T22:00", 744),
    (2028, 8, "2028-08-31T22:00", 744),
]
every_boundary = pytest.mark.parametrize(
    ("year", "number", "ends", "hours"), BOUNDARIES, ids=[f"{year}-{number:02}" for year, number, *_ in BOUNDARIES]
)
INSTANT = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@every_boundary
def test_a_month_ends_and_lasts_as_the_calendar_says(year, number, ends, hours):
    period = month(year, number)
    assert (period.end, period.end - period.start) == (utc(ends), timedelta(hours=hours))


@every_boundary
def test_the_last_instant_before_local_midnight_is_in_the_month_and_midnight_is_not(year, number, ends, hours):
    last = datetime.combine(utc(ends).astimezone(BILLING_ZONE).date() - timedelta(days=1), time.max, BILLING_ZONE)
    this, following = month(year, number), next_month(month(year, number))
    assert last.isoformat().endswith(("23:59:59.999999+01:00", "23:59:59.999999+02:00"))
    found = peaks([Change(last, 3), Change(utc(ends), 4)], [this, following], opening=10)
    assert [(one.value, one.at) for one in found] == [(13, utc(ends) - INSTANT), (17, utc(ends))]


@every_boundary
def test_the_edge_of_the_utc_month_is_an_hour_or_two_into_the_local_one(year, number, ends, hours):
    edge = month(year, number, ZoneInfo("UTC")).end
    assert edge - utc(ends) in (timedelta(hours=1), timedelta(hours=2))
    spike = [Change(edge - INSTANT, 5), Change(edge, -5)]
    found = peaks(spike, [month(year, number), next_month(month(year, number))], opening=10)
    assert [one.value for one in found] == [10, 15]


@every_boundary
def test_changes_of_the_edges_instant_count_in_the_order_in_which_they_were_applied(year, number, ends, hours):
    this, following = month(year, number), next_month(month(year, number))
    up_first = [Change(utc(ends), 5), Change(utc(ends), -5)]
    for applied, expected in ((up_first, 15), (up_first[::-1], 10)):
        assert [one.value for one in peaks(applied, [this, following], opening=10)] == [10, expected]


@every_boundary
def test_an_opening_level_that_leaves_at_the_first_instant_is_still_the_peak(year, number, ends, hours):
    found = peak([Change(utc(ends), -10)], next_month(month(year, number)), opening=10)
    assert (found.value, found.carried) == (10, True)
