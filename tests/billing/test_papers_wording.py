"""Prices, rates and lengths of time as statements say them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.translation import override

from portal.billing.papers.wording import percent, span, unit_price


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ("4", "€\u00a04.00"),
        ("4.2500", "€\u00a04.25"),
        ("4.2525", "€\u00a04.2525"),
        ("0.005", "€\u00a00.005"),
        ("1200", "€\u00a01,200.00"),
        ("-0.1", "−€\u00a00.10"),
        ("0", "€\u00a00.00"),
    ],
)
def test_a_price_has_two_to_four_decimals(price, said):
    assert unit_price(Decimal(price), "EUR") == said


def test_a_currency_without_a_sign_has_its_code():
    assert unit_price(Decimal("4.5"), "CZK") == "CZK\u00a04.50"


@pytest.mark.parametrize(("rate", "said"), [("21.00", "21"), ("5.50", "5.5"), ("0", "0"), ("100", "100")])
def test_a_rate_has_the_decimals_it_needs(rate, said):
    assert percent(Decimal(rate)) == f"{said}\u00a0%"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(days=31, hours=1), "31 days 1 hour"),
        (timedelta(days=2, minutes=5), "2 days 5 minutes"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=3, minutes=4, seconds=5), "3 hours 4 minutes"),
        (timedelta(minutes=1, seconds=59.9), "1 minute 59 seconds"),
        (timedelta(seconds=1, microseconds=5), "1 second"),
        (timedelta(microseconds=1), "less than a second"),
        (timedelta(), "less than a second"),
    ],
)
def test_a_length_has_its_two_largest_units(length, said):
    assert span(length) == said


def test_prices_are_written_as_the_reader_does():
    with override("nl"):
        assert unit_price(Decimal("1234.5"), "EUR") == "€\u00a01.234,50"
