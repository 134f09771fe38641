"""What an order would do to peak, cost and the next month, and how a month is read from the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from portal.billing.months import BILLING_ZONE, month_of
from portal.bulk.models import Batch
from provisioning.bulk import outlook_of_new
from provisioning.forecast import forecast, free_of, most_within_limit
from provisioning.models import Inventory, InventoryChange, Order, Product
from provisioning.operations import free_products, order_products
from provisioning.usage import usage_now
from tests.provisioning.pages import text_of, url
from tests.provisioning.samples import priced, some_subscriber


@pytest.fixture
def told(video):
    """The forecast of an order now, at 2 EUR a product."""

    with video.scope():
        priced(2)

    def tell(order_type: str, quantity: int):
        with video.scope():
            return forecast(usage_of(video), order_type, quantity)

    return tell


def usage_of(video):
    return usage_now(Product.objects.for_desk().get(connection=video.connection))


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


def test_it_says_how_many_more_cost_nothing_and_until_when(placed, told):
    placed(10)
    placed(8, "decrement")
    turn = date_format(month_of(timezone.now()).end.astimezone(BILLING_ZONE), "j F")
    assert told("increment", 3).good_to_know == f"8 more cost nothing until {turn}: the peak is already 10."


def test_it_says_until_when_fewer_products_save_anything(placed, told):
    placed(10)
    turn = date_format(month_of(timezone.now()).end.astimezone(BILLING_ZONE), "j F")
    assert told("decrement", 4).good_to_know == f"Do it before {turn}, 00:00: from then on it saves €\xa08.00 a month."
    assert told("decrement", 11).good_to_know == "", "nothing is saved by what is not possible"


def ways(told) -> list[tuple[int, bool]]:
    return [(way.quantity, way.sizing) for way in told.ways]


def test_free_products_are_the_cheapest_way(placed, told):
    placed(10)
    assert ways(told("increment", 10)) == [(0, False)]
    assert ways(told("increment", 14)) == [(4, False)]
    assert told("increment", 14).ways[0].text == "10 products are free already: with them, ordering 4 is enough."


def test_an_order_that_fits_under_the_peak_is_a_cheaper_way(video, placed, told):
    placed(10)
    placed(4, "decrement")
    with video.scope():
        Inventory.objects.update(available=0)
    assert ways(told("increment", 4)) == [], "it costs nothing as it is"
    (way,) = told("increment", 5).ways
    assert (way.quantity, way.text) == (
        4,
        "Ordering only 4 costs nothing this month: they fit under the peak of 10.",
    )


def test_in_the_last_days_waiting_for_the_next_month_is_a_cheaper_way(video):
    month = month_of(timezone.now())
    with video.scope():
        priced(2)
        usage = usage_of(video)
        early = forecast(usage, "increment", 5, now=month.start)
        late = forecast(usage, "increment", 5, now=month.end - timedelta(days=1))
    assert early.ways == []
    (way,) = late.ways
    assert "it costs €\xa010.00 less" in way.text
    assert "00:00" in way.text


def test_fewer_products_can_be_left_to_right_sizing(placed, told):
    placed(10)
    assert ways(told("decrement", 4)) == [(0, True)]


def test_the_form_says_it_and_leads_to_the_cheaper_order(bob, video, placed):
    placed(10)
    shown = bob.get(url("order_forecast", type="increment", quantity=14))
    assert "Cheaper 10 products are free already" in text_of(shown)
    assert "type=increment&amp;quantity=4" in shown.content.decode()


def test_an_import_says_the_same_as_the_form(cast, video, placed):
    placed(10)
    placed(4, "decrement")
    with video.scope():
        priced(2)
        outlook = outlook_of_new(checked_import(video, cast, rows=15))
        page = render_to_string(outlook.template, {**outlook.context, "tenant": cast.acme})
        same = forecast(usage_of(video), "increment", 9, free=0)
    told = outlook.context["told"]
    assert (told.then, told.good_to_know, told.ways) == (same.then, same.good_to_know, same.ways)
    assert [way.quantity for way in told.ways if way.quantity] == [4], "it takes the free ones itself"
    assert "Next month opens with" in page
    assert "Ordering only 4 costs nothing this month" in page


def checked_import(video, cast, rows: int) -> Batch:
    """Checked, and not started."""
    return Batch(
        tenant=cast.acme,
        kind="provisioning.create_subscribers",
        state=Batch.State.READY,
        options={"product": str(video.product.pk)},
        total=rows,
        checked=rows,
        created_by=cast.bob,
    )


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
        usage = usage_of(video)
    assert (usage.opening, usage.level, usage.peak.proven.value) == (4, 11, 11)


def test_the_peak_knows_its_order_and_its_person(video, placed):
    placed(7)
    with video.scope():
        peak = usage_of(video).peak.proven
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
        assert usage_now(product) is None
