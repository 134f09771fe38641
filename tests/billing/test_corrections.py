"""What comes to light after a month was closed is on the next statement, and names the one it corrects."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal.billing import meters
from portal.billing.closing import close
from portal.billing.drawing import draw
from portal.billing.models import Statement
from portal.tenancy.scope import tenant_scope
from tests.billing.samples_months import APRIL, FEBRUARY, JANUARY, MARCH, NOW, agreed, at

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["with its history", "by reading"])
def acme(request, cast, seats):
    """Ten seats since 3 January for 2.50 each, one of them free; January and February are closed."""
    if request.param == "with its history":
        meters.register(replace(seats.kind, history=seats.history))
    agreed(cast, free_units=1)
    seats.change(cast.acme, 10, at(1, 3))
    closed(cast, JANUARY)
    closed(cast, FEBRUARY)
    return cast.acme


def closed(cast, month: date) -> Statement:
    with tenant_scope(cast.acme.pk):
        return close(cast.acme, month, acting_user=None)


def corrections(cast, month: date):
    with tenant_scope(cast.acme.pk):
        return [line for line in draw(cast.acme, month, now=NOW).lines if line.kind == "correction"]


def test_without_news_there_is_nothing_to_correct(cast, acme):
    assert corrections(cast, MARCH) == []


def test_a_late_peak_is_charged_on_the_next_statement(cast, acme, seats):
    seats.change(acme, 5, at(1, 10), order="A-9")
    seats.change(acme, -5, at(1, 20))
    (line,) = corrections(cast, MARCH)
    assert (line.corrects, line.old_value, line.reading.value) == ("2025-0001", 10, 15)
    assert (line.old_amount, line.amount, line.reading.order) == (Decimal("22.50"), Decimal("12.50"), "A-9")
    assert (line.charged, line.note) == (14, "Corrects what became known later.")


def test_the_closed_statement_stays_as_it_was(cast, acme, seats):
    with tenant_scope(acme.pk):
        before = list(Statement.objects.order_by("sequence").values_list("digest", "net"))
    seats.change(acme, 5, at(1, 10))
    closed(cast, MARCH)
    with tenant_scope(acme.pk):
        assert list(Statement.objects.order_by("sequence").values_list("digest", "net"))[:2] == before


def test_a_late_change_corrects_every_month_it_reaches(cast, acme, seats):
    seats.change(acme, 2, at(1, 10))
    assert [(line.corrects, line.amount) for line in corrections(cast, MARCH)] == [
        ("2025-0001", Decimal("5.00")),
        ("2025-0002", Decimal("5.00")),
    ]


def test_what_was_too_much_is_given_back(cast, acme, seats):
    seats.change(acme, -4, at(1, 3))
    seats.changes[acme.pk, 1].sort(key=lambda change: change.quantity)
    lines = corrections(cast, MARCH)
    assert [line.amount for line in lines] == [Decimal("-10.00"), Decimal("-10.00")]
    with tenant_scope(acme.pk):
        document = draw(acme, MARCH, now=NOW)
    assert (document.net, document.vat, document.gross) == tuple(map(Decimal, ("-7.50", "-1.58", "-9.08")))


def test_it_stands_on_the_next_statement_only(cast, acme, seats):
    seats.change(acme, 2, at(2, 10))
    assert corrections(cast, APRIL) == []
    assert len(corrections(cast, MARCH)) == 1
    statement = closed(cast, MARCH)
    assert corrections(cast, APRIL) == []
    with tenant_scope(acme.pk):
        line = statement.lines.get(kind="correction")
        assert (line.corrects.number, line.old_value, line.value) == ("2025-0002", 10, 12)


def test_a_second_correction_starts_from_the_first(cast, acme, seats):
    seats.change(acme, 2, at(2, 10))
    seats.change(acme, -2, at(2, 11))
    closed(cast, MARCH)
    seats.change(acme, 7, at(2, 12))
    seats.change(acme, -7, at(2, 13))
    (line,) = corrections(cast, APRIL)
    assert (line.corrects, line.old_value, line.reading.value) == ("2025-0002", 12, 17)
    assert (line.old_amount, line.amount) == (Decimal("27.50"), Decimal("12.50"))


def test_a_meter_that_came_to_light_is_charged_from_nothing(cast, acme, seats):
    agreed(cast, "4.00", starts_on=MARCH, object_id=2)
    seats.change(acme, 3, at(2, 5), object_id=2)
    (line,) = corrections(cast, MARCH)
    assert (line.label, line.old_value, line.reading.value, line.amount) == ("Seats 2", 0, 3, Decimal("0.00"))


def test_a_meter_that_is_not_read_any_more_corrects_nothing(cast, acme, seats):
    seats.changes.clear()
    assert corrections(cast, MARCH) == []


def test_the_day_of_the_peak_matters_where_the_price_follows_it(cast, seats):
    agreed(cast, "1.00", rule="peak")
    agreed(cast, "2.00", starts_on=date(2025, 1, 16))
    meters.register(replace(seats.kind, history=seats.history))
    seats.change(cast.acme, 10, at(1, 20))
    assert closed(cast, JANUARY).net == Decimal("20.00")
    seats.change(cast.acme, 10, at(1, 5))
    seats.change(cast.acme, -10, at(1, 6))
    (line,) = corrections(cast, FEBRUARY)
    assert (line.old_value, line.reading.value, line.amount) == (10, 10, Decimal("-10.00"))
