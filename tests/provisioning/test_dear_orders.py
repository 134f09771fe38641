"""An order that hurts is placed only when its quantity was typed once more."""

import re
from uuid import uuid4

import pytest

from portal.tenancy.scope import tenant_scope
from provisioning.forecast import HURTS_EUR, HURTS_PRODUCTS
from provisioning.models import Order, Product
from tests.provisioning.pages import text_of, url
from tests.provisioning.samples import priced, stocked_product, unpriced


@pytest.fixture
def product(cast) -> Product:
    """At € 10.00, so that 100 more products reach what hurts."""
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=5)
        priced(10)
    assert HURTS_EUR == 1_000
    return product


@pytest.fixture
def order(bob):
    """Order as the page does: see the forecast, then send the form with what it said."""

    def order(quantity: int, order_type: str = "increment", **more: str):
        asked = {"type": order_type, "quantity": quantity}
        shown = bob.get(url("order_forecast"), asked).text
        seen = re.search(r'name="seen" value="([^"]+)"', shown).group(1)
        return bob.post(url("order_new"), {**asked, "seen": seen, "form_key": str(uuid4()), **more})

    return order


def orders(cast) -> int:
    with tenant_scope(cast.acme.pk):
        return Order.objects.count()


def test_a_dear_order_is_asked_for_by_hand(order, cast, product):
    answer = order(100)
    assert "Type the quantity, 100, to order it." in text_of(answer)
    assert orders(cast) == 0


@pytest.mark.parametrize("typed", ["", "10", "1000", "yes"])
def test_what_is_typed_wrongly_orders_nothing(order, cast, product, typed):
    answer = order(100, typed=typed)
    assert answer.status_code == 422
    assert orders(cast) == 0


def test_the_quantity_typed_orders_it(order, cast, product):
    assert order(100, typed=" 100 ").status_code == 302
    assert orders(cast) == 1


def test_a_cheap_order_and_a_smaller_stock_are_not_asked_for_by_hand(order, cast, product):
    assert order(99).status_code == 302
    assert order(1, "decrement").status_code == 302
    assert orders(cast) == 2


def test_without_a_price_it_is_the_number_that_hurts(order, cast, product):
    with tenant_scope(cast.acme.pk):
        unpriced()
    assert order(HURTS_PRODUCTS).status_code == 200
    assert orders(cast) == 0
    assert order(HURTS_PRODUCTS - 1).status_code == 302
