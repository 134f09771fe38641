"""The rules of forms to be called back: sites, numbers, network addresses, opening hours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from realtime.callback import hours, limits
from realtime.callback.origins import read_origin
from realtime.numbers import BadNumber, callable_number

SHOP = "https://shop.example"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WORKDAYS = [["09:00", "17:30"]] * 5 + [[], []]


@pytest.mark.parametrize(
    "text", ["https://a.example; script-src *", "ftp://a.example", "*", "https://*", "https://", "'self'"]
)
def test_what_is_no_site_does_not_come_near_a_header(text):
    with pytest.raises(ValidationError):
        read_origin(text)


def test_a_site_is_read_from_any_of_its_addresses():
    assert read_origin("https://Shop.Example/contact?x=1") == SHOP
    assert read_origin("https://bücher.example:8443") == "https://xn--bcher-kva.example:8443"


def test_numbers_that_are_called():
    for number in ("06 12345678", "020 123 4567", "0031612345678", "+32 470 12 34 56"):
        assert callable_number(number, ["NL", "BE"]).startswith("+3")
    with pytest.raises(BadNumber):
        callable_number("+32 470 12 34 56", ["NL"])


def test_an_ipv6_network_is_one_address():
    assert limits.address_digest("2001:db8::1") == limits.address_digest("2001:db8::ffff")
    assert limits.address_digest("2001:db8::1") != limits.address_digest("2001:db8:1::1")
    assert limits.address_digest("192.0.2.1") != limits.address_digest("192.0.2.2")


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-27 16:29", None),  # a Friday, 17:29 in Amsterdam
        ("2026-03-27 16:30", "2026-03-30 09:00"),  # over the weekend the clocks go on by an hour
        ("2026-03-27 07:59", "2026-03-27 09:00"),
        ("2026-03-30 07:00", None),
    ],
)
def test_hours_are_of_the_companys_zone(at, opens):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert hours.is_open(WORKDAYS, moment, AMSTERDAM) is (opens is None)
    if opens:
        assert hours.opens_at(WORKDAYS, moment, AMSTERDAM).strftime("%Y-%m-%d %H:%M") == opens


def test_once_a_week_opens_a_week_later():
    monday = [["09:00", "10:00"], [], [], [], [], [], []]
    moment = datetime(2026, 3, 2, 10, 0, tzinfo=AMSTERDAM)
    assert hours.opens_at(monday, moment, AMSTERDAM) == datetime(2026, 3, 9, 9, 0, tzinfo=AMSTERDAM)


@pytest.mark.parametrize("text", ["9-17", "17:00-09:00", "25:00-26:00", "09:00"])
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(ValidationError):
        hours.read_span(text)
