"""Two years of months: as closed, as corrected, as counted; and what the next ones may come to."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.closing import close, next_to_close
from portal.billing.contracts import agree
from portal.billing.history import MONTHS, expected_values, history_of, trend_of
from portal.billing.history_page import chosen_of, difference
from portal.tenancy.scope import tenant_scope
from portal.ui.bars import Bar, bar_chart
from portal.ui.formats import money, number
from provisioning.meters import KEY as METER
from tests.billing.samples import close_all, counted_product, months_ago, moved, pending, running_month
from tests.provisioning.pages import text_of


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


def course_of(tenant, place: int = 0):
    return history_of(tenant.pk, running_month()).courses[place]


def past_values(course) -> list[int]:
    return [figure.value for figure in course.past if figure.value is not None]


# --- Months ---------------------------------------------------------------------------------------------------------


def test_what_is_closed_and_what_is_computed_come_to_the_same(acme, cast):
    counted_product(acme, cast.bob, [4, 6, 5, 9])
    computed = course_of(acme)
    close_all(acme)
    closed = course_of(acme)
    assert past_values(computed) == past_values(closed) == [4, 6, 6, 9]
    assert [figure.cost for figure in computed.past] == [figure.cost for figure in closed.past]
    assert [figure.source for figure in computed.past[-4:]] == ["computed"] * 3 + ["running"]
    assert [figure.source for figure in closed.past[-4:]] == ["closed"] * 3 + ["running"]


def test_there_are_two_years_and_nothing_before_the_first_reading(acme, cast):
    counted_product(acme, cast.bob, [3, 3])
    past = course_of(acme).past
    assert len(past) == MONTHS
    assert [figure.value for figure in past[:-2]] == [None] * (MONTHS - 2)
    assert {figure.cost for figure in past[:-2]} == {None}


def test_a_correction_counts_in_the_month_that_it_corrects(acme, cast):
    product = counted_product(acme, cast.bob, [10, 10, 10, 10])
    began = months_ago(3)
    first = close(acme, next_to_close(acme, running_month()), acting_user=None)
    moved(product, 4, began + timedelta(days=20), cast.bob)
    moved(product, -4, began + timedelta(days=21), cast.bob)
    assert course_of(acme).past[-4].value == 10
    close_all(acme)
    corrected = course_of(acme).past[-4]
    assert (corrected.value, corrected.cost) == (14, Decimal("140.00"))
    assert corrected.number == first.number
    assert [figure.value for figure in course_of(acme).past[-3:]] == [10, 10, 10]


def test_what_is_on_its_way_is_the_running_months_bound(acme, cast):
    product = counted_product(acme, cast.bob, [10, 10])
    pending(product, 3, cast.bob)
    running = course_of(acme).past[-1]
    assert (running.value, running.at_most) == (10, 13)
    assert (running.cost, running.cost_at_most) == (Decimal("100.00"), Decimal("130.00"))


def test_all_together_are_costs_alone(acme, cast):
    counted_product(acme, cast.bob, [4, 4], name="A")
    counted_product(acme, cast.bob, [2, 3], name="B", price="1.5000")
    total = history_of(acme.pk, running_month()).total
    assert [figure.cost for figure in total.past[-2:]] == [Decimal("43.00"), Decimal("44.50")]
    assert {figure.value for figure in total.past} == {None}


def test_one_without_a_price_leaves_the_others_costs(acme, cast):
    counted_product(acme, cast.bob, [4, 4], name="A")
    counted_product(acme, cast.bob, [2, 3], name="B", price=None)
    total = history_of(acme.pk, running_month()).total
    assert [figure.cost for figure in total.past[-2:]] == [Decimal("40.00"), Decimal("40.00")]


# --- What may come --------------------------------------------------------------------------------------------------


def test_the_median_of_the_last_three_changes_is_carried_on(acme, cast):
    counted_product(acme, cast.bob, [10, 12, 14, 90, 92, 94])
    course = course_of(acme)
    assert course.trend == 2
    assert [figure.value for figure in course.ahead] == [96, 98, 100]
    assert [figure.cost for figure in course.ahead] == [Decimal("960.00"), Decimal("980.00"), Decimal("1000.00")]


def test_with_too_few_months_the_running_one_is_carried_on(acme, cast):
    counted_product(acme, cast.bob, [10, 20, 30, 40])
    course = course_of(acme)
    assert course.trend is None
    assert [figure.value for figure in course.ahead] == [40, 40, 40]


def test_terms_that_begin_later_are_used_from_then_on(acme, cast):
    product = counted_product(acme, cast.bob, [10, 10])
    begins = (running_month() + timedelta(days=70)).replace(day=1)
    agree(acme, METER, product.pk, starts_on=begins, unit_price=Decimal("3"), acting_user=cast.adam)
    assert [figure.cost for figure in course_of(acme).ahead] == [Decimal("100.00"), Decimal("30.00"), Decimal("30.00")]


@given(st.lists(st.one_of(st.none(), st.integers(0, 10_000)), max_size=30))
def test_a_trend_needs_four_months_and_lies_among_their_changes(values):
    trend, last = trend_of(values), values[-4:]
    if len(last) < 4 or None in last:
        assert trend is None
    else:
        changes = sorted(later - earlier for earlier, later in pairwise(last))
        assert trend == changes[1]


@given(st.integers(0, 1000), st.one_of(st.none(), st.integers(-2000, 2000)))
def test_nothing_falls_below_zero(now, trend):
    expected = expected_values(now, trend, 3)
    assert len(expected) == 3
    assert all(value is not None and value >= 0 for value in expected)


# --- In words and pictures --------------------------------------------------------------------------------------------


def test_the_page_says_how_it_looks_ahead(client, cast):
    with tenant_scope(cast.acme.pk):
        counted_product(cast.acme, cast.bob, [10, 12, 14, 16, 18, 20])
    client.force_login(cast.bill)
    told = text_of(client.get(reverse("billing:history", args=["acme"]))).replace("&#x27;", "'")
    assert "The median of the last three changes from one complete month to the next is +2." in told
    assert "with a peak of 22" in told


def test_the_page_says_that_it_knows_too_little(client, cast):
    with tenant_scope(cast.acme.pk):
        counted_product(cast.acme, cast.bob, [10, 12])
    client.force_login(cast.bill)
    told = text_of(client.get(reverse("billing:history", args=["acme"])))
    assert "too few to tell a direction from" in told
    assert "not counted yet then" in told


def test_a_month_is_compared_with_the_one_before_and_the_year_before(acme, cast):
    counted_product(acme, cast.bob, [10, *[15] * 12, 18])
    shown = chosen_of(history_of(acme.pk, running_month()), "")
    newest = shown.rows[0]
    assert (newest.to_month_before.text, newest.to_month_before.percent) == ("+3", "+20\u00a0%")
    assert newest.to_year_before.text == "+3"
    assert shown.rows[1].to_month_before.text == "the same"
    assert shown.rows[13].to_month_before is None


@pytest.mark.parametrize(
    ("now", "then", "text", "percent"),
    [(8, 10, "−2", "−20\u00a0%"), (5, 0, "+5", ""), (Decimal("1.50"), Decimal("1.00"), "+€\u00a00.50", "+50\u00a0%")],
)
def test_a_difference_has_its_sign_and_its_share(now, then, text, percent):
    told = difference(now, then, number if isinstance(now, int) else money)
    assert (told.text, told.percent) == (text, percent)


def test_bars_say_their_values_and_stay_in_the_picture():
    bars = [
        Bar("October 2026", "Oct", 90),
        Bar("November 2026", "Nov", 120, 128, "open"),
        Bar("December 2026", "Dec", None),
    ]
    drawn = bar_chart(bars, title="Peaks")
    for words in (
        "Peaks",
        "November 2026: 120, at most 128",
        "December 2026: not known",
        "highest in November 2026: 120",
    ):
        assert words in drawn


def test_a_bar_below_zero_is_refused():
    with pytest.raises(ValueError, match="below zero"):
        bar_chart([Bar("October", "Oct", -1)], title="Peaks")
