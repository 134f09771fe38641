"""The video pages: who may open them, what they cost the database, and what the overview tells."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.operations.models import Status
from portal.tenancy.scope import tenant_scope
from provisioning import ledger
from provisioning.models import Drift, MirrorState, Order, Product
from provisioning.operations import order_products
from tests.provisioning.pages import confirmed, seen_of, text_of, url
from tests.provisioning.samples import (
    priced,
    samples,
    some_connection,
    some_difference,
    some_order,
    some_subscriber,
    stocked_product,
)

MOST_QUERIES = 12


@pytest.fixture
def sampled(db, cast):
    with tenant_scope(cast.acme.pk):
        return samples(cast.acme, cast.alice)


SIZING = {"right_sizing_set", "right_sizing_approve", "right_sizing_cancel"}
POSTED_ONLY = {"refresh", "order_cancel", "difference_adopt", "difference_repaired", *SIZING}
OPERATORS_ONLY = {
    "order_new",
    "order_forecast",
    "subscriber_new",
    "subscriber_delete",
    "subscriber_gone",
    "subscriber_id",
    *SIZING,
}
ADMINS_ONLY = {"product"}


def test_every_page_opens_for_the_owner(client, cast, sampled):
    client.force_login(cast.alice)
    for name, arguments in sampled.items():
        answer = client.get(reverse(name, kwargs={"slug": "acme", **arguments}))
        short = name.partition(":")[2]
        expected = 405 if short in POSTED_ONLY else 302 if short == "credentials" else 200
        assert answer.status_code == expected, name


@pytest.mark.parametrize("role", ["viewer", "billing", "operator"])
def test_who_may_look_may_not_act(client, cast, sampled, role):
    client.force_login(cast.members_of_acme()[role])
    closed = set() if role == "operator" else OPERATORS_ONLY | {"order_cancel", "credentials"}
    closed |= ADMINS_ONLY | {"difference_adopt", "difference_repaired"}
    for name, arguments in sampled.items():
        answer = client.get(reverse(name, kwargs={"slug": "acme", **arguments}))
        assert (answer.status_code == 403) == (name.partition(":")[2] in closed), name


def test_a_stranger_finds_nothing_by_either_door(client, cast, sampled):
    client.force_login(cast.charlie)
    for name, arguments in sampled.items():
        assert client.get(reverse(name, kwargs={"slug": "acme", **arguments})).status_code == 404, name
        if arguments:
            own_door = reverse(name, kwargs={"slug": "globex", **arguments})
            assert client.get(own_door).status_code in (404, 405), name


def test_no_connection_of_another_tenant_can_be_looked_at(client, cast, sampled):
    with tenant_scope(cast.globex.pk):
        foreign = some_connection(cast.globex, "Theirs")
    client.force_login(cast.alice)
    for wrong in (foreign.pk, 10**30, "x", "%00", "-1"):
        assert client.get(url("dashboard", connection=wrong)).status_code == 404


def test_without_a_connection_the_page_says_what_to_do(client, cast):
    client.force_login(cast.adam)
    assert "Add a connection" in text_of(client.get(url("dashboard")))
    client.force_login(cast.vera)
    answer = text_of(client.get(url("orders")))
    assert "No video connection yet" in answer
    assert "An owner or an admin can add one" in answer


@pytest.mark.parametrize("rows", [5, 300])
@pytest.mark.parametrize("name", ["dashboard", "orders", "subscribers", "differences", "order_new", "subscriber_new"])
def test_pages_ask_the_database_as_often_for_few_rows_as_for_many(
    client, cast, transactional_db, django_assert_max_num_queries, name, rows
):
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=1000)
        _fill(product, cast.bob, rows)
    client.force_login(cast.alice)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get(url(name)).status_code == 200


@pytest.mark.parametrize("name", ["order", "subscriber", "difference", "product", "subscriber_delete"])
def test_a_single_thing_costs_few_queries(client, cast, transactional_db, django_assert_max_num_queries, name):
    with tenant_scope(cast.acme.pk):
        arguments = samples(cast.acme, cast.alice)[f"provisioning:{name}"]
    client.force_login(cast.alice)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get(url(name, arguments["pk"])).status_code == 200


def _fill(product: Product, who, rows: int) -> None:
    for number in range(rows):
        some_order(product, who, number=f"O-{number}", status="pending")
        some_subscriber(product, who, f"user-{number}", vendor_id="" if number % 7 == 0 else f"S-{number}")
        some_difference(product, f"O-{number}", Drift.Kind.MISSING_ORDER, {"status": "pending"}, None)
        ledger.count_difference(product, 1)


# --- The overview --------------------------------------------------------------------------------------------------


def test_the_overview_names_the_peak_and_who_is_behind_it(video, bob, placed):
    order = placed(5)
    placed(3, "decrement")
    shown = text_of(bob.get(url("dashboard")))
    assert "Peak this month 5" in shown
    assert f"{order.number} ," in shown or order.number in shown
    assert "Bob" in shown
    assert "3 more cost nothing until the 1st" in shown


def test_the_cost_is_the_peak_times_the_price(video, bob, placed):
    placed(5)
    with video.scope():
        priced("12.50")
    assert "€ 62.50" in text_of(bob.get(url("dashboard")))


def test_an_order_whose_outcome_is_open_makes_the_peak_a_range(video, bob, placed, cast):
    placed(5)
    video.control.put_account(video.client_id, limit_eur="6")
    with video.scope():
        priced(2)
    placed(4)
    shown = text_of(bob.get(url("dashboard")))
    assert "5 proven" in shown
    assert "at most 9" in shown
    assert "at most € 18.00" in shown


def test_what_was_made_elsewhere_is_told_apart(video, bob, placed, cast):
    placed(3)
    video.control.subscribe_behind(video.client_id, "stranger")
    video.sync()
    with video.scope():
        difference = Drift.objects.open().get(kind=Drift.Kind.IN_USE)
    bob.force_login(cast.adam)
    bob.post(
        url("difference_adopt", difference.pk),
        confirmed(reason="made in the vendor's own console", seen=seen_of(bob, difference)),
    )
    assert "1 made elsewhere" in text_of(bob.get(url("dashboard")))


def test_what_needs_attention_leads_to_where_it_is_seen_to(bob, cast, at_acme, settings):
    with at_acme():
        product = stocked_product(cast.acme, total=10)
        some_difference(product)
        some_subscriber(product, cast.bob, "lost", vendor_id="")
        order = some_order(product, cast.bob, number="O-77", status="pending", operation_status=Status.NEEDS_PERSON)
        Order.objects.filter(pk=order.pk).update(created_at=timezone.now() - timedelta(days=2))
        MirrorState.objects.update(error="The vendor does not answer", error_at=timezone.now())
    page = bob.get(url("dashboard"))
    shown = text_of(page)
    for words in (
        "1 operation needs a person.",
        "1 difference between the portal and the vendor is open.",
        "Order O-77 has been pending at the vendor for long.",
        "The credentials of 1 subscriber were lost on their way.",
        "The last reading failed: The vendor does not answer",
    ):
        assert words in shown
    assert url("order", order.pk) in page.content.decode()
    assert "status=needs_person" in page.content.decode()


def test_nothing_needs_attention_when_all_is_well(video, bob, placed):
    placed(1)
    with video.scope():
        priced(1)
    assert "Needs attention" not in text_of(bob.get(url("dashboard")))


def test_before_the_first_reading_the_overview_says_so(bob, cast, at_acme):
    with at_acme():
        some_connection(cast.acme)
    assert "The vendor has not been read yet" in text_of(bob.get(url("dashboard")))


def test_several_connections_can_be_switched_between(bob, cast, at_acme):
    with at_acme():
        stocked_product(cast.acme, total=3, name="East")
        west = stocked_product(cast.acme, total=8, name="West")
    page = bob.get(url("orders", connection=west.connection_id)).content.decode()
    assert re.search(r'connection=\d+" aria-current="page">West', page)
    assert f"{url('order_new')}?connection={west.connection_id}" in page
    assert "of 8 in the inventory" in text_of(bob.get(url("dashboard", connection=west.connection_id)))


def test_refreshing_polls_until_the_mirror_is_new(video, bob):
    answer = bob.post(url("refresh"), HTTP_HX_REQUEST="true")
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    waiting = bob.get(url("mirror", asked=1), HTTP_HX_REQUEST="true")
    assert 'hx-trigger="every 2s"' in waiting.content.decode()
    video.sync()
    done = bob.get(url("mirror", asked=1), HTTP_HX_REQUEST="true")
    assert done["HX-Refresh"] == "true"
    assert "hx-trigger" not in bob.get(url("mirror")).content.decode()


def test_a_reading_that_fails_ends_the_polling_too(video, bob):
    bob.post(url("refresh"), HTTP_HX_REQUEST="true")
    video.control.add_fault("status", method="GET", status=503, times=5)
    video.sync()
    assert bob.get(url("mirror", asked=1), HTTP_HX_REQUEST="true")["HX-Refresh"] == "true"
    assert "The last reading failed" in text_of(bob.get(url("dashboard")))


def test_refreshing_works_without_javascript(video, bob):
    answer = bob.post(url("refresh", back="orders"), follow=True)
    assert answer.redirect_chain == [(url("orders"), 302)]
    assert "The vendor is being asked" in text_of(answer)


def test_the_card_of_moving_orders_reads_the_page_anew_when_one_arrives(video, bob, cast):
    with video.scope():
        order_products(video.product, "increment", 2, acting_user=cast.bob)
    page = bob.get(url("dashboard"))
    polled = re.search(r'hx-get="(/t/acme/video/moving/[^"]+)"', page.content.decode()).group(1).replace("&amp;", "&")
    assert "HX-Refresh" not in bob.get(polled, HTTP_HX_REQUEST="true")
    video.work()
    assert bob.get(polled, HTTP_HX_REQUEST="true")["HX-Refresh"] == "true"
    assert "/moving/" not in bob.get(url("dashboard")).content.decode()
