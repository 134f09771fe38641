"""The peak of a month, against a slow model that cannot be wrong: write down every level, take the highest."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.peaks import Change, Period, peak, peak_range, peaks, steps

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


@given(changes, st.lists(st.tuples(hours, st.integers(-5, 5)), max_size=5), periods(), openings, st.data())
def test_no_outcome_of_uncertain_changes_goes_above_the_bound(all_changes, doubtful, period, opening, data):
    uncertain = [Change(hour(at), by) for at, by in doubtful]
    told = peak_range(all_changes, uncertain, period, opening=opening)
    # Each of them may come about, at its time or later, or not at all.
    happened = [Change(change.at + timedelta(hours=data.draw(hours)), change.quantity) for change in uncertain]
    happened = [change for change in happened if data.draw(st.booleans())]
    assert max(every_level([*all_changes, *happened], period, opening)) <= told.at_most
    assert told.proven == peak(all_changes, period, opening=opening)


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
