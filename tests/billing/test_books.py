"""A company's books: what was agreed and what was closed, as the rows say it, by one query."""

from datetime import date
from decimal import Decimal

import pytest
from django.forms import model_to_dict

from portal.billing.books import CONTRACT, LINE, STATEMENTS_LOOKED_AT, books_of
from portal.billing.lines import before, following
from portal.billing.models import Contract, Statement, StatementLine
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.samples import closed_statement, peak_line
from tests.billing.samples_months import FEBRUARY, JANUARY, MARCH, agreed

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(cast, seats):
    """Two contracts, one after the other, and a statement of January with a cent on it."""
    agreed(cast, "0.0050", free_units=3)
    with tenant_scope(cast.acme.pk):
        closed_statement(cast.acme, JANUARY, lines=[peak_line(10, "0.0010")])
    agreed(cast, "12.3400", FEBRUARY, limit_eur=Decimal("99.90"))
    return cast.acme


def values(rows, names: list[str]) -> list[tuple]:
    return [tuple(getattr(row, name) for name in names) for row in rows]


def test_they_say_what_the_rows_say(acme, django_assert_num_queries):
    with tenant_scope(acme.pk):
        with django_assert_num_queries(1):
            books = books_of(acme.pk, JANUARY)
            told = values(books.contracts, CONTRACT), values(books.lines, LINE)
            number = books.last.number
        assert told[0] == values(Contract.objects.order_by("starts_on"), CONTRACT)
        assert told[1] == values(StatementLine.objects.all(), LINE)
        assert (number, books.last.digest) == ("2025-0001", Statement.objects.get().digest)


def test_what_was_not_read_is_read_when_somebody_asks(acme):
    with tenant_scope(acme.pk):
        contract = books_of(acme.pk, JANUARY).contracts[-1]
        assert contract.limit_eur == Decimal("99.90")
        assert model_to_dict(contract) == model_to_dict(Contract.objects.get(pk=contract.pk))


def test_of_a_month_they_tell_what_was_in_force_on_any_of_its_days(acme):
    with tenant_scope(acme.pk):
        books = books_of(acme.pk, JANUARY)
    prices = {month: [each.unit_price for each in in_force(books, month)] for month in (JANUARY, MARCH)}
    assert prices == {JANUARY: [Decimal("0.0050")], MARCH: [Decimal("12.3400")]}
    assert in_force(books, before(JANUARY)) == []


def in_force(books, month: date) -> list[Contract]:
    return [each for kinds in books.contracts_in(month).values() for of_one in kinds.values() for each in of_one]


def test_statements_of_long_ago_are_left_alone(cast):
    month = JANUARY
    with tenant_scope(cast.acme.pk):
        for _number in range(STATEMENTS_LOOKED_AT + 2):
            closed_statement(cast.acme, month)
            month = following(month)
        books = books_of(cast.acme.pk, month)
    assert [statement.sequence for statement in books.closed] == list(range(3, STATEMENTS_LOOKED_AT + 3))
    assert {line.statement_id for line in books.lines} == {statement.pk for statement in books.closed}


def test_nothing_of_another_company_is_in_them(cast, acme):
    with staff_scope():
        books = books_of(cast.globex.pk, JANUARY)
    assert (books.contracts, books.closed, books.lines, books.last) == ([], [], [], None)
