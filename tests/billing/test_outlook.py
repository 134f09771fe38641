"""What more costs nothing, and what removing would save: by the numbers of one peak."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.meters import Level, Unsettled
from portal.billing.outlook import Outlook
from tests.billing.samples import peak_line

ENDS = datetime(2026, 10, 31, 23, tzinfo=UTC)
counts = st.integers(0, 500)


def unsettled(quantity: int) -> Unsettled:
    return Unsettled("an order", quantity, ENDS, "pending")


def outlook(value: int, closing: int, *moving: int, **fields) -> Outlook:
    most = max(value, closing + sum(quantity for quantity in moving if quantity > 0))
    told = {"closing": closing, "at_most": most, "unsettled": [unsettled(quantity) for quantity in moving]}
    return Outlook(peak_line(value, **(told | fields)), ENDS)


@given(counts, counts, st.lists(st.integers(-50, 50), max_size=4), counts)
def test_as_many_as_the_headroom_really_cost_nothing(value, below, moving, free_units):
    look = outlook(value, max(0, value - below), *moving, free_units=free_units)
    price = look.line.unit_price
    highest = look.level + look.arriving + look.headroom
    assert price * max(0, max(value, highest) - free_units) <= max(look.line.amount, look.cost_at_most)
    if look.headroom:
        one_more = max(0, highest + 1 - free_units)
        assert price * one_more > look.line.amount


def test_free_units_that_are_not_used_up_are_headroom():
    assert outlook(3, 3, free_units=10).headroom == 7


def test_what_leaves_is_no_headroom_before_it_has_left():
    assert outlook(100, 100, -20).headroom == 0
    assert outlook(100, 100, -20).next_opening == 80


def test_the_next_month_opens_with_all_that_arrives():
    look = outlook(100, 90, 5, -2)
    assert (look.next_opening, look.next_cost) == (93, Decimal("930.0000"))


@pytest.mark.parametrize(
    ("in_use", "free_units", "saving"), [(70, 0, "200"), (90, 0, "0"), (10, 85, "50"), (None, 0, "0")]
)
def test_what_nobody_uses_is_saved_next_month_as_far_as_it_is_charged(in_use, free_units, saving):
    levels = [Level(ENDS, 90, in_use)]
    assert outlook(100, 90, levels=levels, free_units=free_units).saving == Decimal(saving)
