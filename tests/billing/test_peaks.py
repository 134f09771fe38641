"""The peak of a month, against a slow model that cannot be wrong: write down every level, take the highest."""

from datetime import UTC, datetime, timedelta
from itertools import compress, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.months import BILLING_ZONE
from portal.billing.peaks import Change, Period, held, peak, peak_range, peaks, steps

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def hour(number: int) -> datetime:
    return EPOCH + timedelta(hours=number)


def between(first: int, last: int) -> Period:
    return Period(hour(first), hour(last))


hours = st.integers(0, 40)
changes = st.lists(st.builds(lambda at, by: Change(hour(at), by), hours, st.integers(-5, 5)), max_size=25)
openings = st.integers(0, 20)


@st.composite
def periods(draw) -> Period:
    first = draw(hours)
    return between(first, draw(st.integers(first + 1, 60)))


def every_level(all_changes: list[Change], period: Period, opening: int) -> list[int]:
    """The level that the period opened with, then the level after each change in it, each summed up afresh."""
    applied = [c for _, _, c in sorted((c.at, place, c) for place, c in enumerate(all_changes))]
    before = sum(1 for change in applied if change.at < period.start)
    until = sum(1 for change in applied if change.at < period.end)
    return [opening + sum(c.quantity for c in applied[:count]) for count in range(before, until + 1)]


@given(changes, periods(), openings)
def test_the_peak_is_the_highest_level_of_the_period(all_changes, period, opening):
    assert peak(all_changes, period, opening=opening).value == max(every_level(all_changes, period, opening))


@given(changes, periods(), openings)
def test_the_steps_are_all_levels_in_order(all_changes, period, opening):
    told = [step.level for step in steps(all_changes, period, opening=opening)]
    assert told == every_level(all_changes, period, opening)


@given(changes, st.lists(hours, min_size=2, max_size=6, unique=True).map(sorted), openings)
def test_many_periods_in_one_pass_are_as_one_by_one(all_changes, edges, opening):
    consecutive = [between(first, last) for first, last in pairwise(edges)]
    alone = [peak(all_changes, period, opening=opening) for period in consecutive]
    assert peaks(all_changes, consecutive, opening=opening) == alone


@given(changes, periods(), openings)
def test_a_peak_names_the_first_moment_and_the_change_behind_it(all_changes, period, opening):
    found = peak(all_changes, period, opening=opening)
    reached = [step for step in steps(all_changes, period, opening=opening) if step.level == found.value]
    assert (found.at, found.change) == (reached[0].at, reached[0].change)
    assert found.carried == (found.change is None)
    assert found.at in period


doubts = st.lists(st.builds(lambda at, by: Change(hour(at), by), hours, st.integers(-5, 5)), max_size=5)


@given(changes, doubts, periods(), openings, st.data())
def test_no_outcome_of_uncertain_changes_leaves_the_bounds(all_changes, uncertain, period, opening, data):
    told = peak_range(all_changes, uncertain, period, opening=opening)
    # Each of them may come about, at its time or later, before or after what else happened then, or not at all.
    happened = [Change(change.at + timedelta(hours=data.draw(hours)), change.quantity) for change in uncertain]
    happened = [change for change in happened if data.draw(st.booleans())]
    applied = [*happened, *all_changes] if data.draw(st.booleans()) else [*all_changes, *happened]
    assert told.at_least <= max(every_level(applied, period, opening)) <= told.at_most
    assert told.proven == peak(all_changes, period, opening=opening)


@given(changes, doubts, periods(), openings)
def test_the_bounds_are_the_peaks_of_the_best_and_the_worst_outcome(all_changes, uncertain, period, opening):
    told = peak_range(all_changes, uncertain, period, opening=opening)
    outcomes = [
        max(every_level([*compress(uncertain, happened), *all_changes], period, opening))
        for happened in product((True, False), repeat=len(uncertain))
    ]
    assert (told.at_least, told.at_most) == (min(outcomes), max(outcomes))


@given(changes, doubts, periods(), openings)
def test_a_bound_is_made_by_the_changes_that_explain_it(all_changes, uncertain, period, opening):
    told = peak_range(all_changes, uncertain, period, opening=opening)
    assert max(every_level([*told.raised_by, *all_changes], period, opening)) == told.at_most
    assert bool(told.raised_by) == (told.at_most > told.proven.value)
    assert bool(told.lowered_by) == (told.at_least < told.proven.value)
    for left_out in told.raised_by:
        others = [change for change in told.raised_by if change is not left_out]
        assert max(every_level([*others, *all_changes], period, opening)) < told.at_most


# --- How a peak was held, against a look at each second --------------------------------------------------------------

# Half a minute before a midnight of Amsterdam; with hours instead of seconds the night in which summer time ends is in it.
MIDNIGHT = datetime(2026, 10, 23, 21, 59, 30, tzinfo=UTC)
UNITS = [timedelta(seconds=1), timedelta(hours=1)]


def looked_at(all_changes: list[Change], period: Period, opening: int, unit: timedelta) -> tuple:
    """(times the highest level was reached, how long it lasted, on how many days), with every change on a whole unit."""
    highest, level, at = max(every_level(all_changes, period, opening)), opening, period.start
    level += sum(change.quantity for change in all_changes if change.at < period.start)
    reached, lasted, days = [at] if level == highest else [], timedelta(), {at} if level == highest else set()
    while at < period.end:
        for change in all_changes:
            if change.at == at:
                if level != highest == level + change.quantity:
                    reached.append(at)
                    days.add(at)
                level += change.quantity
        if level == highest:
            lasted += unit
            days |= {at, at + unit - timedelta(microseconds=1)}
        at += unit
    return reached, lasted, len({moment.astimezone(BILLING_ZONE).date() for moment in days})


@given(st.sampled_from(UNITS), st.lists(st.tuples(hours, st.integers(-3, 3)), max_size=25), periods(), openings)
def test_a_peak_lasted_as_long_as_a_look_at_each_moment_says(unit, moves, period, opening):
    def moved(moment: datetime) -> datetime:
        return MIDNIGHT + (moment - EPOCH) / timedelta(hours=1) * unit

    all_changes = [Change(moved(hour(at)), by) for at, by in moves]
    period = Period(moved(period.start), moved(period.end))
    told = held(steps(all_changes, period, opening=opening), period.end, BILLING_ZONE)
    assert (told.moments, told.lasted, told.days) == looked_at(all_changes, period, opening, unit)


def test_a_peak_of_the_night_that_is_an_hour_longer():
    # From midnight to midnight of 25 October 2026.
    night = Period(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))
    told = held(steps([], night, opening=5), night.end, BILLING_ZONE)
    assert (told.lasted, told.days) == (timedelta(hours=25), 1)


def test_while_a_month_runs_its_peak_has_lasted_until_now():
    levels = steps([Change(hour(2), 5)], between(0, 40))
    assert held(levels, hour(7), UTC).lasted == timedelta(hours=5)


def test_a_level_without_duration_was_reached_on_its_day():
    levels = steps([Change(hour(3), 5), Change(hour(3), -5)], between(0, 10))
    told = held(levels, hour(10), UTC)
    assert (told.moments, told.lasted, told.days) == ([hour(3)], timedelta(), 1)


def test_an_uncertain_reduction_before_the_peak_may_have_lowered_it():
    told = peak_range([Change(hour(3), 10)], [Change(hour(1), -50)], between(0, 10), opening=100)
    assert (told.at_least, told.proven.value, told.at_most) == (100, 110, 110)
    assert told.lowered_by == (Change(hour(1), -50),)


def test_an_uncertain_order_makes_a_range():
    told = peak_range([Change(hour(1), 120)], [Change(hour(2), 5)], between(0, 10))
    assert (told.proven.value, told.at_most, told.certain) == (120, 125, False)


def test_an_uncertain_order_below_the_peak_changes_nothing():
    known = [Change(hour(1), 120), Change(hour(2), -20)]
    assert peak_range(known, [Change(hour(3), 5)], between(0, 10)).certain


def test_changes_of_one_instant_count_in_their_order():
    up_then_down = [Change(hour(1), 5), Change(hour(1), -5)]
    assert peak(up_then_down, between(0, 10), opening=10).value == 15
    assert peak(up_then_down[::-1], between(0, 10), opening=10).value == 10


def test_a_reduction_at_the_first_instant_does_not_take_the_opening_level_away():
    found = peak([Change(hour(0), -3)], between(0, 10), opening=8)
    assert (found.value, found.at, found.carried) == (8, hour(0), True)


def test_a_change_at_the_end_belongs_to_the_next_period():
    first, second = peaks([Change(hour(10), 4)], [between(0, 10), between(10, 20)])
    assert (first.value, second.value) == (0, 4)
    assert second.change == Change(hour(10), 4)


def test_a_level_is_carried_through_periods_without_changes():
    found = peaks([Change(hour(1), 7, "order")], [between(0, 10), between(10, 20), between(30, 40)])
    assert [one.value for one in found] == [7, 7, 7]
    assert [one.carried for one in found] == [False, True, True]


def test_periods_out_of_order_are_refused():
    with pytest.raises(ValueError, match="in order"):
        peaks([], [between(10, 20), between(0, 11)])


def test_an_empty_period_is_refused():
    with pytest.raises(ValueError, match="before its end"):
        between(3, 3)


def test_naive_moments_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        Change(datetime(2026, 1, 1), 1)
