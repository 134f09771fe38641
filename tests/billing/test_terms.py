"""What a month costs by the contracts around now, asked before it is over: the same as its statement will say."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal.billing.charging import charge
from portal.billing.contracts import agree, end
from portal.billing.models import Contract
from portal.billing.months import BILLING_ZONE
from portal.billing.terms import Terms, first_day_of, terms_of
from portal.tenancy.scope import tenant_scope
from tests.billing.samples_seats import SEATS

JUNE, JULY, AUGUST = date(2025, 6, 1), date(2025, 7, 1), date(2025, 8, 1)
TEN_DAYS_IN = date(2025, 6, 11)
NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)


def contract(starts_on: date, price: str, ends_on: date | None = None, **terms) -> Contract:
    return Contract(starts_on=starts_on, ends_on=ends_on, unit_price=Decimal(price), **terms)


def two(rule: str, first: dict, second: dict) -> Terms:
    """The second ones hold from the 11th of June on."""
    before = contract(JUNE, ends_on=TEN_DAYS_IN, price_change=rule, **first)
    return Terms((before, contract(TEN_DAYS_IN, **second)))


def test_a_month_costs_what_its_statement_will_say():
    terms = Terms((contract(JUNE, "2.50", JULY, free_units=3), contract(JULY, "4.00")))
    assert (terms.cost(10, JUNE), terms.cost(10, JULY)) == (Decimal("17.50"), Decimal("40.00"))
    assert terms.charge(10, JUNE) == charge(terms.contracts[:1], 10, first=JUNE, until=JULY, peak_day=JUNE)


def test_nothing_agreed_is_not_the_same_as_a_price_of_zero():
    nothing, zero = Terms(), Terms((contract(JUNE, "0"),))
    assert (nothing.agreed(JUNE), nothing.cost(10, JUNE), nothing.free_units(JUNE)) == (False, 0, 0)
    assert (zero.agreed(JUNE), zero.cost(10, JUNE), zero.free_units(JUNE)) == (True, 0, None)


def test_terms_that_ended_or_have_not_begun_count_in_their_own_months_only():
    terms = Terms((contract(JULY, "4.00", AUGUST),))
    assert [terms.agreed(first) for first in (JUNE, JULY, AUGUST)] == [False, True, False]


def test_by_the_month_the_free_units_of_its_first_day_hold():
    terms = two("month", {"price": "2.00", "free_units": 50}, {"price": "0"})
    assert terms.free_units(JUNE) == terms.free_units(JUNE, date(2025, 6, 20)) == 50
    assert terms.free_units(JULY) is None


def test_by_the_peak_those_of_its_day_hold():
    terms = two("peak", {"price": "2.00", "free_units": 50}, {"price": "3.00", "free_units": 20})
    assert (terms.free_units(JUNE, date(2025, 6, 10)), terms.free_units(JUNE, TEN_DAYS_IN)) == (50, 20)


@pytest.mark.parametrize(("first_price", "free"), [("2.00", 20), ("0", 50)])
def test_by_days_the_fewest_that_are_free_on_a_day_that_is_charged(first_price, free):
    terms = two("days", {"price": first_price, "free_units": 20}, {"price": "3.00", "free_units": 50})
    assert terms.free_units(JUNE) == free
    assert terms.cost(free, JUNE) == 0
    assert terms.cost(free + 1, JUNE) > 0


def test_by_days_the_price_of_one_is_the_mean():
    terms = two("days", {"price": "1.00"}, {"price": "4.00"})
    assert (terms.unit_price(JUNE), terms.unit_price(JULY)) == (Decimal("3.0000"), Decimal("4.0000"))


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        (datetime(2025, 6, 30, 11, 59, tzinfo=UTC), JUNE),
        (datetime(2025, 6, 30, 12, tzinfo=UTC), JULY),  # midnight in Auckland
        (datetime(2025, 6, 30, 23, tzinfo=UTC), JULY),
    ],
)
def test_a_month_is_that_of_its_contracts_calendar(moment, first):
    terms = Terms((contract(JUNE, "1", zone="Pacific/Auckland"),))
    month = terms.month(moment)
    assert moment in month
    assert (first_day_of(month), month.zone) == (first, terms.zone(first))


@pytest.mark.parametrize("zones", [("Europe/Amsterdam", "America/New_York"), ("America/New_York", "Europe/Amsterdam")])
def test_where_the_calendar_changes_every_hour_is_in_a_month_all_the_same(zones):
    terms = Terms((contract(JUNE, "1", JULY, zone=zones[0]), contract(JULY, "1", zone=zones[1])))
    for hour in range(24):
        moment = datetime(2025, 6, 30, 20, tzinfo=UTC).replace(hour=hour)
        assert first_day_of(terms.month(moment)) in (JUNE, JULY)


def test_without_a_contract_months_are_the_vendors():
    assert Terms().zone(JUNE) == BILLING_ZONE
    assert first_day_of(Terms().month(datetime(2025, 6, 30, 22, 30, tzinfo=UTC))) == JULY


# --- Read from the database ---------------------------------------------------------------------------------------


@pytest.fixture
def several(cast, db, seats):
    """Two meters of Acme with terms that change, one of them only until the end of May; one of Globex."""
    with tenant_scope(cast.acme.pk):
        for number in (1, 2):
            for starts_on, price in ((date(2024, 1, 1), "1"), (TEN_DAYS_IN, "2"), (AUGUST, "3")):
                agree(cast.acme, SEATS, number, starts_on=starts_on, unit_price=Decimal(price), acting_user=None)
        contract(JUNE, "9", tenant=cast.acme, meter="other", object_id=1).save()
        past = agree(cast.acme, SEATS, 3, starts_on=date(2024, 1, 1), unit_price=Decimal(1), acting_user=None)
        end(past, ends_on=date(2025, 4, 30), acting_user=None)
    with tenant_scope(cast.globex.pk):
        agree(cast.globex, SEATS, 4, starts_on=JUNE, unit_price=Decimal(7), acting_user=None)


def test_many_meters_are_read_by_one_query(cast, several, django_assert_num_queries):
    with tenant_scope(cast.acme.pk), django_assert_num_queries(1):
        found = terms_of(SEATS, [1, 2, 3, 4], NOON)
    assert [found[1].unit_price(first) for first in (date(2025, 5, 1), JUNE, JULY)] == [1, 1, 2]
    assert [each.starts_on for each in found[2].contracts] == [date(2024, 1, 1), TEN_DAYS_IN]
    assert found[3] == found[4] == Terms(), "over long ago, and another company's"


def test_of_no_meters_nothing_is_asked(cast, several, django_assert_num_queries):
    with tenant_scope(cast.acme.pk), django_assert_num_queries(0):
        assert terms_of(SEATS, []) == {}
