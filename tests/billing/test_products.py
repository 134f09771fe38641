"""The whole way with a real product: its ledger, its contract, its closed month, and the order that came to light later."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.billing.closing import close
from portal.billing.contracts import agree
from portal.billing.drawing import draw
from portal.billing.models import Statement
from portal.billing.refusals import Blocked
from portal.tenancy.scope import tenant_scope
from provisioning import ledger
from provisioning.meters import KEY
from provisioning.models import MirrorState, Order, Product
from tests.billing.samples_months import FEBRUARY, JANUARY, NOW, at
from tests.provisioning.samples import some_connection, some_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(cast) -> Product:
    """Ten since 3 January, 2.50 each, last read today."""
    with tenant_scope(cast.acme.pk):
        product = Product.objects.get(connection=some_connection(cast.acme))
        ledger.open_ledger(product, 10, read_at=at(1, 3))
        MirrorState.objects.filter(connection=product.connection).update(read_at=timezone.now())
        agree(cast.acme, KEY, product.pk, starts_on=JANUARY, unit_price=Decimal("2.50"), acting_user=cast.adam)
    return product


def fulfilled(product: Product, person, number: str, when: datetime) -> None:
    """Two more, by the vendor's clock."""
    with tenant_scope(product.tenant_id):
        order = some_order(product, person, number, status="fulfilled")
        Order.objects.filter(pk=order.pk).update(fulfilled_at=when, created_at=when)
        order.refresh_from_db()
        ledger.count_order(order)


def closed(cast) -> Statement:
    with tenant_scope(cast.acme.pk):
        return close(cast.acme, JANUARY, acting_user=None)


def test_the_statement_says_what_the_peak_was_when_and_by_whom(cast, product):
    fulfilled(product, cast.bob, "A-1", at(1, 10))
    statement = closed(cast)
    with tenant_scope(cast.acme.pk):
        line = statement.lines.get()
    assert (line.value, line.reached_at, line.order, line.person) == (12, at(1, 10), "A-1", "Bob")
    assert (line.opening, line.closing, line.by_vendors_clock) == (0, 12, True)
    assert (line.amount, statement.gross) == (Decimal("30.00"), Decimal("36.30"))


def test_an_order_that_comes_to_light_later_is_on_the_next_one(cast, product):
    fulfilled(product, cast.bob, "A-1", at(1, 10))
    statement = closed(cast)
    fulfilled(product, cast.bob, "A-2", at(1, 20))
    with tenant_scope(cast.acme.pk):
        peak, correction = draw(cast.acme, FEBRUARY, now=NOW).lines
    assert (peak.reading.value, peak.amount) == (14, Decimal("35.00"))
    assert (correction.corrects, correction.old_value, correction.reading.value) == (statement.number, 12, 14)
    assert (correction.amount, correction.reading.order) == (Decimal("5.00"), "A-2")


def test_an_order_on_its_way_holds_the_closing_up(cast, product):
    with tenant_scope(cast.acme.pk):
        order = some_order(product, cast.bob, "A-3", status="pending")
        Order.objects.filter(pk=order.pk).update(created_at=at(1, 30))
    with pytest.raises(Blocked, match="A-3"):
        closed(cast)


def test_drawing_a_draft_reads_the_past_by_few_queries(cast, product, django_assert_max_num_queries):
    closed(cast)
    with tenant_scope(cast.acme.pk):
        close(cast.acme, FEBRUARY, acting_user=None)
        with django_assert_max_num_queries(3):
            draw(cast.acme, datetime(2025, 3, 1).date(), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_what_was_closed_is_proven_again_from_its_rows(cast, product):
    fulfilled(product, cast.bob, "A-1", at(1, 10))
    closed(cast)
    call_command("verify_statements")
