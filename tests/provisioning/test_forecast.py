"""What an order would do to peak, cost and the next month, and how a month is read from the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from portal.billing.months import month_of
from provisioning.forecast import forecast, free_of, most_within_limit
from provisioning.models import InventoryChange, Order, Product
from provisioning.operations import free_products, order_products
from provisioning.usage import usage_of
from tests.provisioning.samples import some_subscriber


@pytest.fixture
def told(video):
    """The forecast of an order now, at 2 EUR a product."""

    def tell(order_type: str, quantity: int):
        with video.scope():
            Product.objects.update(unit_price=2)
            return forecast(usage_now(video), order_type, quantity)

    return tell


def usage_now(video):
    product = Product.objects.for_desk().get(connection=video.connection)
    return usage_of(product, month_of(timezone.now()))


def test_the_first_products_cost_their_price(told):
    outlook = told("increment", 5)
    assert (outlook.now.peak, outlook.then.peak, outlook.more_cost) == (0, 5, Decimal(10))
    assert (outlook.then.next_opening, outlook.then.next_cost) == (5, Decimal(10))
    assert outlook.raises_peak


def test_up_to_the_peak_more_products_cost_nothing(placed, told):
    placed(10)
    placed(8, "decrement")
    assert told("increment", 8).more_cost == 0
    assert told("increment", 9).more_cost == 2


def test_fewer_products_save_nothing_before_the_next_month(placed, told):
    placed(10)
    outlook = told("decrement", 4)
    assert (outlook.then.peak, outlook.more_cost, outlook.raises_peak) == (10, 0, False)
    assert (outlook.now.next_opening, outlook.then.next_opening) == (10, 6)


def test_orders_on_their_way_count_as_if_fulfilled(video, placed, told):
    video.control.put_account(video.client_id, limit_eur="5")
    placed(5)
    placed(3)
    outlook = told("increment", 2)
    assert (outlook.now.level, outlook.now.peak, outlook.then.peak) == (5, 8, 10)


def test_an_order_waits_when_all_products_together_are_worth_more_than_agreed(video, placed, told):
    placed(5)
    with video.scope():
        Product.objects.update(limit_eur=15)
    assert not told("increment", 2).waits
    assert told("increment", 3).waits
    assert not told("decrement", 5).waits


def test_without_a_limit_nothing_waits(told):
    assert not told("increment", 100_000).waits


def test_the_limit_in_products(video):
    with video.scope():
        product = video.product
        product.unit_price, product.limit_eur = Decimal("3"), Decimal("10")
        assert most_within_limit(product) == 3
        product.unit_price = Decimal(0)
        assert most_within_limit(product) is None


def test_free_products_are_counted_as_the_verb_counts_them(video, placed, cast):
    placed(9)
    with video.scope():
        some_subscriber(video.product, cast.bob, "promised", state="requested", vendor_id="")
        order_products(video.product, "decrement", 2, acting_user=cast.bob)
        product = Product.objects.for_desk().get(connection=video.connection)
        assert free_of(product) == free_products(video.product) == 6


def test_a_month_opens_with_the_level_that_the_past_left(video, placed):
    placed(7)
    month = month_of(timezone.now())
    with video.scope():
        product = video.product
        last = InventoryChange.objects.filter(product=product).latest("sequence")
        # The vendor tells late what it did last month: its time counts.
        InventoryChange.objects.create(
            tenant_id=product.tenant_id,
            product=product,
            sequence=last.sequence + 1,
            quantity=4,
            level=last.level + 4,
            cause="order",
            vendor_at=month.start - timedelta(days=3),
            recorded_at=timezone.now(),
        )
        usage = usage_now(video)
    assert (usage.opening, usage.level, usage.peak.proven.value) == (4, 11, 11)


def test_the_peak_knows_its_order_and_its_person(video, placed):
    placed(7)
    with video.scope():
        peak = usage_now(video).peak.proven
        order = Order.objects.get()
    assert (peak.value, peak.at) == (7, order.fulfilled_at)
    assert (peak.change.cause.order_id, peak.change.cause.number, peak.change.cause.who) == (
        order.pk,
        order.number,
        "Bob",
    )


def test_a_product_that_was_never_read_has_no_usage(cast, db):
    from portal.tenancy.scope import tenant_scope
    from tests.provisioning.samples import some_connection

    with tenant_scope(cast.acme.pk):
        connection = some_connection(cast.acme)
        product = Product.objects.for_desk().get(connection=connection)
        assert usage_of(product, month_of(timezone.now())) is None
