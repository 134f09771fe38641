"""What a month costs: by the peak, by the rule of the contract, to the cent; and the one form that is digested."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from portal.billing.canonical import digest_of, text_of
from portal.billing.charging import charge
from portal.billing.closing import close
from portal.billing.drawing import draw
from portal.billing.models import Contract
from portal.billing.statements import document_of
from portal.tenancy.scope import tenant_scope
from tests.billing.samples_months import FEBRUARY, JANUARY, NOW, agreed, at
from tests.billing.samples_seats import SEATS

pytestmark = pytest.mark.django_db
JUNE, JULY = date(2025, 6, 1), date(2025, 7, 1)


def terms(starts_on: date, price: str, ends_on: date | None = None, free: int = 0, rule: str = "month") -> Contract:
    return Contract(starts_on=starts_on, ends_on=ends_on, unit_price=Decimal(price), free_units=free, price_change=rule)


def june(contracts, value: int, peak_day: date = JUNE):
    return charge(contracts, value, first=JUNE, until=JULY, peak_day=peak_day)


def drawn(cast, month: date = JANUARY):
    with tenant_scope(cast.acme.pk):
        return draw(cast.acme, month, now=NOW)


@pytest.mark.parametrize(
    ("value", "free", "price", "amount"),
    [(10, 0, "2.50", "25.00"), (10, 3, "2.50", "17.50"), (3, 5, "2.50", "0.00"), (0, 0, "2.50", "0.00"),
     (1, 0, "0.0050", "0.01"), (1, 0, "0.0049", "0.00"), (3, 0, "0.3350", "1.01")],
)  # fmt: skip
def test_units_after_the_free_ones_are_charged_to_the_cent_rounded_half_up(value, free, price, amount):
    assert june([terms(JUNE, price, free=free)], value).amount == Decimal(amount)


TEN_DAYS_IN = date(2025, 6, 11)


def two(rule: str) -> list[Contract]:
    """1.00 for ten days, then 4.00 with two free for twenty."""
    return [terms(JUNE, "1.00", TEN_DAYS_IN, rule=rule), terms(TEN_DAYS_IN, "4.00", free=2, rule="month")]


def test_by_the_month_the_first_days_price_holds():
    assert june(two("month"), 12, peak_day=date(2025, 6, 20)).amount == Decimal("12.00")


@pytest.mark.parametrize(("day", "amount"), [(10, "12.00"), (11, "40.00")])
def test_by_the_peak_the_price_of_its_day_holds(day, amount):
    assert june(two("peak"), 12, peak_day=date(2025, 6, day)).amount == Decimal(amount)


def test_by_days_each_price_counts_for_its_days():
    made = june(two("days"), 12)
    assert made.amount == Decimal("30.67")  # (10 × 12 × 1.00 + 20 × 10 × 4.00) / 30
    assert made.unit_price == Decimal("3.0000")
    assert [(price.days, price.charged, price.unit_price) for price in made.prices] == [(10, 12, 1), (20, 10, 4)]


def test_by_days_those_without_a_contract_are_free():
    assert june([terms(TEN_DAYS_IN, "3.00", rule="days")], 12).amount == Decimal("24.00")


def test_a_contract_that_begins_within_the_month_charges_the_whole_unless_by_days():
    assert june([terms(TEN_DAYS_IN, "3.00")], 12).amount == Decimal("36.00")


def test_a_later_contract_cannot_change_how_the_month_before_it_is_charged():
    assert june([terms(JUNE, "1.00", TEN_DAYS_IN), terms(TEN_DAYS_IN, "4.00", rule="days")], 12).amount == 12


def test_without_a_contract_nothing_is_charged_and_the_note_says_so():
    made = june([], 12)
    assert (made.charged, made.amount, made.note_code) == (12, 0, "no_price")


def test_a_draft_has_the_peak_the_price_and_vat(cast, seats):
    agreed(cast, "2.4975", free_units=2)
    seats.change(cast.acme, 5, at(1, 3))
    seats.change(cast.acme, 4, at(1, 10), order="A-1")
    seats.change(cast.acme, -6, at(1, 11))
    draft = drawn(cast)
    (line,) = draft.lines
    assert (line.position, line.kind, line.meter, line.label) == (1, "peak", SEATS, "Seats 1")
    assert (line.reading.value, line.reading.closing, line.reading.order) == (9, 3, "A-1")
    assert (line.charged, line.unit_price, line.amount) == (7, Decimal("2.4975"), Decimal("17.48"))
    assert (draft.net, draft.vat_rate, draft.vat, draft.gross) == tuple(
        map(Decimal, ("17.48", "21.00", "3.67", "21.15"))
    )
    assert (draft.draft, draft.number, draft.month, draft.zone) == (True, "", JANUARY, "Europe/Amsterdam")


def test_a_meter_without_a_contract_is_not_left_out(cast, seats):
    agreed(cast)
    seats.change(cast.acme, 5, at(1, 3))
    seats.change(cast.acme, 7, at(1, 3), object_id=2)
    first, second = drawn(cast).lines
    assert (first.amount, second.amount) == (Decimal("12.50"), Decimal("0.00"))
    assert second.note == "No price was agreed."


def test_each_meter_is_read_by_the_calendar_of_its_contract(cast, seats):
    agreed(cast, zone="Pacific/Auckland")
    agreed(cast, object_id=2)
    for number in (1, 2):
        seats.change(cast.acme, 5, at(1, 3), object_id=number)
        seats.change(cast.acme, 5, datetime(2025, 1, 31, 12, tzinfo=UTC), object_id=number)  # 1 February in Auckland
    draft = drawn(cast)
    assert {line.label: line.reading.value for line in draft.lines} == {"Seats 1": 5, "Seats 2": 10}
    assert draft.zone == "Europe/Amsterdam"


def test_a_draft_of_any_day_is_the_months(cast, seats):
    agreed(cast)
    seats.change(cast.acme, 5, at(1, 3))
    assert drawn(cast, date(2025, 1, 31)) == drawn(cast)


def test_globex_sees_nothing_of_acme(cast, seats):
    agreed(cast)
    seats.change(cast.acme, 5, at(1, 3))
    with tenant_scope(cast.globex.pk):
        assert list(draw(cast.globex, JANUARY, now=NOW).lines) == []


# --- The canonical form -------------------------------------------------------------------------------------------


@pytest.fixture
def statement(cast, seats):
    agreed(cast, rule="days")
    agreed(cast, "3.3333", starts_on=date(2025, 1, 20))
    seats.change(cast.acme, 5, at(1, 3), order="Größe „A“")
    with tenant_scope(cast.acme.pk):
        return close(cast.acme, JANUARY, acting_user=None)


def test_the_form_has_no_float_and_times_in_utc(cast, statement):
    def refuse(text: str):
        raise AssertionError(text)

    made = json.loads(statement.canonical, parse_float=refuse)
    assert made["lines"][0]["reading"]["reached_at"] == "2025-01-03T12:00:00.000000Z"
    assert (made["net"], made["lines"][0]["unit_price"]) == ("14.11", "2.8226")
    assert (made["month"], made["form"], made["number"], made["tenant_slug"]) == ("2025-01-01", 2, "2025-0001", "acme")
    assert statement.canonical == json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_digest_is_of_the_form_and_found_again_from_the_rows(cast, statement):
    with tenant_scope(cast.acme.pk):
        read_back = document_of(statement)
    assert statement.digest == digest_of(statement.canonical)
    assert digest_of(text_of(read_back)) == statement.digest


def test_the_form_is_the_same_in_every_language(cast, statement):
    with tenant_scope(cast.acme.pk), translation.override("nl"):
        assert text_of(document_of(statement)) == statement.canonical


def test_one_digit_makes_another_digest(cast, statement):
    with tenant_scope(cast.acme.pk):
        document = document_of(statement)
    assert digest_of(text_of(replace(document, net=document.net + Decimal("0.01")))) != statement.digest
    with tenant_scope(cast.acme.pk):
        assert draw(cast.acme, FEBRUARY, now=NOW).lines[0].corrects == ""
