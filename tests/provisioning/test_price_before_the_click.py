"""What a person is told before an order is, to the cent, what the draft statement shows after it, whatever was agreed."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.billing.contracts import agree, today
from portal.billing.drawing import draw
from portal.billing.lines import following
from portal.notices.models import Notice
from portal.tenancy.scope import tenant_scope
from portal.ui.charges import bill_of
from provisioning.consequences import consequences_of
from provisioning.forecast import HURTS_PRODUCTS, Forecast, forecast
from provisioning.models import Product
from provisioning.terms import METER, with_terms
from provisioning.thresholds import Thresholds, set_thresholds
from provisioning.usage import Usage, usage_now
from tests.billing.samples import counted_product, moved, pending
from tests.provisioning.pages import text_of, url
from tests.provisioning.samples import priced, some_difference

ZONES = ["Europe/Amsterdam", "Pacific/Auckland", "America/New_York"]


@pytest.fixture
def product(cast, db) -> Product:
    """Ten of it for two months, and nothing agreed."""
    with tenant_scope(cast.acme.pk):
        return counted_product(cast.acme, cast.bob, [10, 10, 10], price=None)


@pytest.fixture
def told(at_acme, product):
    """The forecast of an order now."""

    def tell(quantity: int, order_type: str = "increment") -> Forecast:
        with at_acme():
            return forecast(usage_of(product), order_type, quantity)

    return tell


@pytest.fixture
def agreed(at_acme, product):
    """Agree on a price, in force since long ago unless said otherwise."""

    def agree_on(price: str | int, **terms) -> None:
        with at_acme():
            priced(price, **terms)

    return agree_on


def usage_of(product: Product) -> Usage:
    usage = usage_now(with_terms(Product.objects.for_desk()).get(pk=product.pk))
    assert usage is not None
    return usage


def drawn(product: Product, first: date) -> Decimal:
    """The amount of the product's line on the draft of that month."""
    (line,) = draw(product.tenant, first, now=timezone.now()).lines
    return line.amount


# --- To the cent --------------------------------------------------------------------------------------------------

PRICES = st.one_of(st.just(Decimal(0)), st.decimals(0, 9, places=4))
AGREED = st.tuples(PRICES, st.integers(0, 40))


def some_terms():
    """By how many days into this month (-400: long ago, 40: in the next one) they begin."""
    begins = st.one_of(st.just(-400), st.integers(0, 27), st.integers(28, 50))
    return st.dictionaries(begins, AGREED, max_size=3)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    terms=some_terms(),
    zone=st.sampled_from(ZONES),
    rule=st.sampled_from(["month", "peak", "days"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(-4, 9)), max_size=4),
    quantity=st.integers(-6, 60).filter(bool),
)
def test_what_is_told_is_what_the_draft_shows_once_it_is_in_the_ledger(
    cast, product, at_acme, terms, zone, rule, changes, quantity
):
    with at_acme(), transaction.atomic():
        first = today(zone).replace(day=1)
        for days, (price, free) in terms.items():
            known = {"zone": zone, "rule": rule, "free_units": free, "unit_price": price}
            agree(product.tenant, METER, product.pk, starts_on=first + timedelta(days=days), **known, acting_user=None)
        usage = usage_of(product)
        for fraction, by in sorted(changes):
            at = usage.period.start + fraction * (usage.at - usage.period.start)
            moved(product, max(by, -usage_of(product).level), at, cast.bob)
        usage = usage_of(product)
        if quantity < 0:
            quantity = -min(-quantity, usage.level) or 1
        told = forecast(usage, "increment" if quantity > 0 else "decrement", abs(quantity))
        assert told.now.cost == usage.cost == drawn(product, usage.first)
        moved(product, quantity, usage.at, cast.bob)
        assert told.then.cost == drawn(product, usage.first)
        assert told.then.next_cost == drawn(product, usage.next_first)
        headroom = usage.headroom
        if headroom is None or quantity <= headroom:
            assert told.more_cost <= 0
        transaction.set_rollback(True)


def test_orders_on_their_way_are_told_as_the_draft_shows_them_when_they_arrive(told, agreed, product, at_acme, cast):
    agreed("2.4975", free_units=8)
    with at_acme():
        order = pending(product, 5, cast.bob)
        outlook, usage = told(3), usage_of(product)
        assert (usage.cost, usage.cost_at_most) == (Decimal("5.00"), Decimal("17.48"))
        order.delete()
        moved(product, 5, timezone.now(), cast.bob)
        assert drawn(product, usage.first) == outlook.now.cost == usage.cost_at_most
        moved(product, 3, timezone.now(), cast.bob)
        assert drawn(product, usage.first) == outlook.then.cost


def test_the_next_month_is_told_by_the_terms_that_are_agreed_for_it(told, agreed):
    agreed("2.00")
    next_first = following(today().replace(day=1))
    agreed("3.50", starts_on=next_first)
    assert (told(2).then.cost, told(2).then.next_cost) == (Decimal("24.00"), Decimal("42.00"))
    turn = date_format(next_first, "j F")
    assert told(2).coming == f"From {turn} on one costs €\xa03.50 a month instead of €\xa02.00, as agreed already."
    agreed("3.50", starts_on=next_first, free_units=4)
    assert told(2).then.next_cost == Decimal("28.00")
    assert "€\xa03.50 a month after the first 4, instead of €\xa02.00 after the first 0" in told(2).coming


def test_where_the_terms_stay_nothing_is_said_of_other_ones(told, agreed):
    agreed("2.00")
    assert told(2).coming == ""


# --- In words -----------------------------------------------------------------------------------------------------


def page_of(client, quantity: int, order_type: str = "increment") -> str:
    return text_of(client.get(url("order_forecast", type=order_type, quantity=quantity)))


def test_free_units_that_are_not_used_up_cost_nothing(told, agreed, bob):
    agreed(2, free_units=50)
    outlook = told(40)
    assert (outlook.raises_peak, outlook.more_cost, outlook.headroom) == (True, 0, 40)
    assert outlook.good_to_know.startswith("40 more cost nothing until ")
    assert outlook.good_to_know.endswith(": the first 50 are free of charge.")
    assert "Nothing more this month : the peak rises to 50, free of charge." in page_of(bob, 40)
    assert told(41).more_cost == 2
    assert "€ 2.00 more this month : the peak rises to 51." in page_of(bob, 41)
    assert "Ordering only 40 costs nothing this month: the first 50 are free of charge." in page_of(bob, 41)


def test_under_a_peak_above_the_free_units_the_peak_is_named(told, agreed, product, at_acme, cast):
    agreed(2, free_units=5)
    with at_acme():
        moved(product, -4, timezone.now(), cast.bob)
    assert told(4).good_to_know.endswith(": the peak is already 10.")
    assert (told(4).more_cost, told(5).more_cost) == (0, 2)


def test_a_price_of_zero_is_a_price(told, agreed, bob):
    agreed(0)
    outlook = told(HURTS_PRODUCTS)
    assert (outlook.priced, outlook.headroom, outlook.more_cost, outlook.hurts) == (True, None, 0, False)
    assert "the price agreed for this month is zero" in outlook.good_to_know
    shown = page_of(bob, HURTS_PRODUCTS)
    assert "Cost this month € 0.00 € 0.00" in shown
    assert "not known, so no costs are shown" not in shown
    dashboard = text_of(bob.get(url("dashboard")))
    assert "Free of charge until the 1st any number" in dashboard
    assert "The price of a product is not known" not in dashboard


def test_without_a_price_none_is_made_up(told, bob):
    assert not told(3).priced
    shown = page_of(bob, 3)
    assert "The peak rises to 13" in shown
    assert "€" not in shown


def test_what_is_free_of_charge_saves_nothing_when_it_goes(told, agreed, bob):
    agreed(2, free_units=50)
    assert told(3, "decrement").good_to_know == ""
    assert "Nothing is saved" in page_of(bob, 3, "decrement")
    assert "what remains and what goes is free of charge" in page_of(bob, 3, "decrement")
    assert "Removing products saves nothing" in text_of(bob.get(url("dashboard")))


def test_only_what_is_charged_is_saved(told, agreed):
    agreed(2, free_units=8)
    assert told(3, "decrement").saves_next == 4
    assert "it saves €\xa04.00 a month" in told(3, "decrement").good_to_know


def test_a_new_peak_under_cheaper_terms_costs_less_and_says_so(agreed, product, at_acme, cast):
    first = today().replace(day=1)
    agreed(9, rule="peak")
    agreed(1, rule="peak", starts_on=first + timedelta(days=10))
    with at_acme():
        usage = usage_of(product)
        late = replace(usage, at=usage.period.start + timedelta(days=20))
        outlook = forecast(late, "increment", 1)
        shown = render_to_string(
            "provisioning/_forecast.html", {"told": outlook, "product": product, "tenant": cast.acme}
        )
    assert (outlook.more_cost, outlook.costs_more) == (11 - 90, False)
    assert "79.00 less this month</strong>: the peak rises to 11" in shown


def test_who_saw_another_price_is_asked_again(told, agreed):
    agreed(2)
    seen = told(5).seen
    agreed(3)
    assert told(5).seen != seen


# --- Everywhere the same ------------------------------------------------------------------------------------------


def test_the_overview_shows_what_is_charged_and_what_is_free(agreed, bob):
    agreed("2.4975", free_units=8)
    shown = text_of(bob.get(url("dashboard")))
    assert "€ 5.00" in shown
    assert "2 × € 2.4975, the first 8 are free of charge" in shown
    assert "€ 2.4975 per product and month" in shown


def test_the_first_page_shows_what_both_statements_show(agreed, product, at_acme, cast, rf):
    first = today().replace(day=1)
    agreed(2, free_units=4)
    agreed(3, free_units=1, starts_on=first)
    request = rf.get("/")
    request.tenant = cast.acme
    with at_acme():
        bill = bill_of(request)
        assert bill.cost == drawn(product, first) == 27
        assert bill.last_cost == drawn(product, first - timedelta(days=1)) == 12


def test_the_first_page_names_the_calendar_of_the_contract(agreed, client, cast):
    agreed(2, zone="Pacific/Auckland")
    client.force_login(cast.alice)
    assert "Months are those of Pacific/Auckland." in text_of(client.get("/t/acme/"))


@pytest.mark.parametrize(
    ("free_units", "said"), [(0, "which changes its cost by €\xa06.00"), (50, "which costs nothing more")]
)
def test_a_difference_tells_the_cost_by_the_contract(agreed, product, at_acme, free_units, said):
    agreed(2, free_units=free_units)
    with at_acme():
        drift = some_difference(product, ours=10, theirs=13)
        sentences = consequences_of(drift, Product.objects.for_desk().get(pk=product.pk))
    assert said in sentences[-1]


@pytest.mark.parametrize(("above", "passed"), [("9.99", True), ("10.00", False)])
def test_people_are_told_of_a_dear_month_by_what_is_charged(agreed, product, at_acme, cast, above, passed):
    agreed(2, free_units=5)
    with at_acme():
        set_thresholds(product, Thresholds(None, None, Decimal(above), None), acting_user=cast.adam)
        found = Notice.objects.filter(kind="provisioning.cost_above").count()
    assert found == passed


def test_other_terms_are_looked_at_at_once(agreed, product, at_acme, cast):
    agreed(2, free_units=5)
    with at_acme():
        set_thresholds(product, Thresholds(None, None, Decimal("12"), None), acting_user=cast.adam)
    agreed(2, free_units=3)
    with at_acme():
        assert Notice.objects.filter(kind="provisioning.cost_above").count() == 1


def test_the_price_page_lists_what_is_agreed_for_later_too(agreed, client, cast, product):
    agreed("2.50", free_units=8)
    agreed("3.00", starts_on=following(today().replace(day=1)))
    client.force_login(cast.adam)
    shown = text_of(client.get(url("product", product.pk)))
    turn = date_format(following(today().replace(day=1)), "j F Y")
    assert f"€ 2.50 from 1 January 2020 until just before {turn}, the first 8 are free of charge" in shown
    assert f"€ 3.00 from {turn} on" in shown
