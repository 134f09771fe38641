"""What people may type: good input does one thing, bad input nothing, and says why."""

import re
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.models import Order, Product, Subscriber
from provisioning.operations import order_products
from tests.provisioning.pages import text_of, url
from tests.provisioning.samples import priced, some_connection

BAD_QUANTITIES = {
    "nothing": "",
    "zero": "0",
    "negative": "-1",
    "a billion": "1000000000",
    "a billion in science": "1e9",
    "astronomical": "1" + "0" * 30,
    "a wide five": "５",
    "an Arabic five": "٥",
    "a fraction": "1.5",
    "a fraction of zeros": "5.0",
    "NUL": "5\x00",
    "words": "five",
    "a megabyte": "1" * 1_000_000,
    "not a number": "NaN",
}
BAD_USERNAMES = {
    "nothing": "",
    "an emoji": "anna😀",
    "right to left": "אנה",
    "an override": "anna\u202egnp.exe",
    "a space": "anna bell",
    "NUL": "anna\x00",
    "a lone surrogate": "anna\ud800",
    "an accent": "añna",
    "65 letters": "a" * 65,
    "a megabyte": "a" * 1_000_000,
    "a path": "../anna",
    "an address": "anna@example.com",
    "a look-alike": "аnna",
}


def order_form(**values) -> dict:
    return {"form_key": str(uuid4()), "type": "increment", "quantity": "5", **values}


def subscriber_form(**values) -> dict:
    return {"form_key": str(uuid4()), "username": "anna", "kind": "persistent", **values}


def agreed(client, **values) -> dict:
    """The form as a page with the forecast sends it."""
    told = client.get(url("order_forecast", **{k: v for k, v in values.items() if k in ("type", "quantity")}))
    seen = re.search(r'name="seen" value="([^"]+)"', told.content.decode()).group(1)
    return order_form(**values, seen=seen)


# --- Orders -------------------------------------------------------------------------------------------------------


def test_an_order_whose_cost_was_seen_is_placed_at_once(video, bob):
    answer = bob.post(url("order_new"), agreed(bob, type="increment", quantity="5"))
    (order,) = video.orders()
    assert answer.url == url("order", order.pk)
    video.work()
    assert video.truth()["total"] == 5


def test_an_order_whose_cost_was_not_seen_is_asked_once_more(video, bob):
    asked = bob.post(url("order_new"), order_form(quantity="5"))
    assert asked.status_code == 200
    assert video.orders() == []
    assert "Order this?" in text_of(asked)
    assert "The peak rises to 5" in text_of(asked)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.content.decode()))
    assert bob.post(url("order_new"), hidden).status_code == 302
    assert [order.quantity for order in video.orders()] == [5]


def test_a_forecast_that_no_longer_holds_is_shown_again(video, bob, cast):
    form = agreed(bob, type="increment", quantity="5")
    with video.scope():
        order_products(video.product, "increment", 7, acting_user=cast.adam)
    assert "The peak rises to 12" in text_of(bob.post(url("order_new"), form))
    assert len(video.orders()) == 1


def test_a_double_click_is_one_order(video, bob):
    form = agreed(bob, type="increment", quantity="5")
    first, second = bob.post(url("order_new"), form), bob.post(url("order_new"), form)
    assert second.url == first.url
    assert len(video.orders()) == 1


def test_who_goes_back_and_changes_the_form_is_told_that_the_first_order_alone_was_placed(video, bob):
    form = agreed(bob, type="increment", quantity="1")
    bob.post(url("order_new"), form, follow=True)
    changed = text_of(bob.post(url("order_new"), form | {"quantity": "4"}, follow=True))
    assert "This form was sent before" in changed
    assert "nothing more was done" in changed
    assert [order.quantity for order in video.orders()] == [1]


@pytest.mark.parametrize("quantity", BAD_QUANTITIES.values(), ids=BAD_QUANTITIES.keys())
def test_an_impossible_quantity_is_refused_in_words(video, bob, quantity):
    answer = bob.post(url("order_new"), order_form(quantity=quantity))
    assert answer.status_code == 422
    assert 'id="id_quantity_error"' in answer.content.decode()
    assert video.orders() == []
    assert bob.get(url("order_forecast"), {"type": "increment", "quantity": quantity[:2000]}).status_code == 200


@pytest.mark.parametrize("wrong", [{"type": "sideways"}, {"type": ""}, {"form_key": ""}, {"form_key": "x"}])
def test_a_form_that_no_page_made_is_refused(video, bob, wrong):
    assert bob.post(url("order_new"), order_form(**wrong)).status_code == 422
    assert video.orders() == []


def test_another_tenants_product_cannot_be_ordered(video, bob, cast):
    from portal.tenancy.scope import tenant_scope

    with tenant_scope(cast.globex.pk):
        foreign = Product.objects.get(connection=some_connection(cast.globex))
    with video.scope():
        second = Product.objects.create(tenant=cast.acme, connection=video.connection, name="Another")
    for product in (foreign.pk, 10**30, "x", "\x00"):
        assert bob.post(url("order_new"), order_form(product=product)).status_code == 422
    assert video.orders() == []
    assert second.name in text_of(bob.get(url("order_new")))


def test_a_body_that_is_no_utf_8_changes_nothing(video, bob):
    body = b"form_key=" + str(uuid4()).encode() + b"&type=increment&quantity=\xff\xfe"
    answer = bob.generic("POST", url("order_new"), body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert video.orders() == []


def test_a_decrement_below_use_is_told_before_and_refused_after_the_click(video, bob):
    form = order_form(type="decrement", quantity="3")
    assert "Only 0 products are free" in text_of(bob.get(url("order_forecast"), {"type": "decrement", "quantity": 3}))
    answer = bob.post(url("order_new"), form)
    assert answer.status_code == 422
    assert "would go below what is in use" in text_of(answer)
    assert video.orders() == []


def test_an_order_above_the_agreed_limit_says_that_it_will_wait(video, bob):
    with video.scope():
        priced(10, limit_eur=45)
    told = text_of(bob.get(url("order_forecast"), {"type": "increment", "quantity": 5}))
    assert "Above the agreed limit" in told
    assert "€ 50.00 more this month" in told
    assert "Above" not in text_of(bob.get(url("order_forecast"), {"type": "increment", "quantity": 4}))


def test_nothing_is_ordered_before_the_vendor_was_read(bob, cast, db):
    from portal.tenancy.scope import tenant_scope

    with tenant_scope(cast.acme.pk):
        some_connection(cast.acme)
    answer = bob.post(url("order_new"), order_form())
    assert answer.status_code == 422
    assert "has not been read from the vendor yet" in text_of(answer)


def test_a_link_can_fill_the_form_in_but_not_with_nonsense(video, bob):
    filled = bob.get(url("order_new", type="decrement", quantity=7)).content.decode()
    assert 'value="7"' in filled
    assert re.search(r'value="decrement"[^>]*checked', filled)
    for nonsense in ("-1", "x", "9" * 50):
        assert bob.get(url("order_new", type="up", quantity=nonsense)).status_code == 200


# --- Subscribers --------------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(video, cast):
    """Three products are free."""
    with video.scope():
        order_products(video.product, "increment", 3, acting_user=cast.bob)
    video.work()
    return video


def test_a_subscriber_is_made_once_however_often_the_form_is_sent(stocked, bob):
    form = subscriber_form()
    first, second = bob.post(url("subscriber_new"), form), bob.post(url("subscriber_new"), form)
    assert first.url == second.url
    stocked.work()
    assert stocked.effects("subscriber_created") == 1


def test_a_subscriber_whose_answer_was_lost_is_not_said_to_be_on_its_way(stocked, bob):
    stocked.control.add_fault("lost_answer", method="POST", path="/subscriber", times=1)
    page = bob.post(url("subscriber_new"), subscriber_form()).url
    assert all("Being created" in text_of(bob.get(address)) for address in (page, url("subscribers")))
    stocked.work_once()
    for address in (page, url("subscribers")):
        told = text_of(bob.get(address))
        assert "Outcome unknown" in told
        assert "Being created" not in told


def test_another_username_on_a_form_that_was_sent_is_not_made_and_that_is_told(stocked, bob):
    form = subscriber_form()
    bob.post(url("subscriber_new"), form, follow=True)
    told = text_of(bob.post(url("subscriber_new"), form | {"username": "somebody.else"}, follow=True))
    assert "This form was sent before" in told
    stocked.work()
    assert stocked.effects("subscriber_created") == 1


@pytest.mark.parametrize("username", BAD_USERNAMES.values(), ids=BAD_USERNAMES.keys())
def test_an_impossible_username_is_refused_in_words(stocked, bob, username):
    body = {**subscriber_form(), "username": username.encode("utf-8", "surrogatepass").decode("utf-8", "replace")}
    answer = bob.post(url("subscriber_new"), body)
    assert answer.status_code == 422
    assert 'id="id_username_error"' in answer.content.decode()
    assert stocked.subscribers() == []


def test_a_username_in_use_is_refused_in_any_case(stocked, bob):
    bob.post(url("subscriber_new"), subscriber_form())
    answer = bob.post(url("subscriber_new"), subscriber_form(username="ANNA"))
    assert answer.status_code == 422
    assert "There is a subscriber" in text_of(answer)


def test_a_temporary_subscriber_ends_by_the_tenants_clock(stocked, bob, cast):
    ends = (
        (timezone.now() + timedelta(days=2)).astimezone(ZoneInfo("Europe/Amsterdam")).replace(second=0, microsecond=0)
    )
    bob.post(url("subscriber_new"), subscriber_form(kind="temporary", ends_at=ends.strftime("%Y-%m-%dT%H:%M")))
    (guest,) = stocked.subscribers()
    assert guest.ends_at == ends


@pytest.mark.parametrize(
    "ends_at",
    [
        "",
        "2020-01-01T10:00",
        "9999-12-31T23:59",
        "0001-01-01T00:00",
        "tomorrow",
        "2099-03-29T02:30",
        "2027-03-28T02:30",
    ],
)
def test_an_impossible_end_is_refused(stocked, bob, ends_at):
    answer = bob.post(url("subscriber_new"), subscriber_form(kind="temporary", ends_at=ends_at))
    assert answer.status_code == 422
    assert 'id="id_ends_at_error"' in answer.content.decode()
    assert stocked.subscribers() == []


def test_a_persistent_subscriber_has_no_end_whatever_the_field_says(stocked, bob):
    bob.post(url("subscriber_new"), subscriber_form(ends_at="nonsense"))
    assert stocked.subscribers()[0].ends_at is None


def test_without_a_free_product_the_form_leads_to_an_order_and_back(video, bob):
    page = bob.get(url("subscriber_new")).content.decode()
    link = re.search(r'href="([^"]+then=subscriber)"', page).group(1).replace("&amp;", "&")
    form_page = bob.get(link).content.decode()
    assert 'value="1"' in form_page
    assert 'name="then" value="subscriber"' in form_page
    placed = bob.post(url("order_new"), {**agreed(bob, type="increment", quantity="1"), "then": "subscriber"})
    video.work()
    assert "Create the subscriber now" in text_of(bob.get(placed.url))
    assert bob.post(url("subscriber_new"), subscriber_form()).status_code == 302


def test_without_a_free_product_nothing_is_promised(video, bob):
    answer = bob.post(url("subscriber_new"), subscriber_form())
    assert answer.status_code == 422
    assert "No product is free" in text_of(answer)
    with video.scope():
        assert not Subscriber.objects.exists()
        assert not Order.objects.exists()


# --- Ids that are nobody's ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["order", "subscriber", "difference", "subscriber_delete", "credentials"])
def test_an_id_of_nothing_is_not_found(video, bob, name):
    for pk in (0, 999_999_999, 10**30):
        address = reverse(f"provisioning:{name}", args=["acme", pk])
        assert bob.get(address).status_code == 404
        assert bob.post(address, {"form_key": str(uuid4())}).status_code in (404, 405)


@pytest.mark.parametrize("reason", ["", "x" * 1_000_000, "a\x00b", "\u202e"])
def test_a_reason_must_be_one(stocked, bob, reason):
    bob.post(url("subscriber_new"), subscriber_form())
    stocked.work()
    (anna,) = stocked.subscribers()
    answer = bob.post(url("subscriber_gone", anna.pk), {"form_key": str(uuid4()), "reason": reason})
    assert answer.status_code == 422
    assert stocked.subscribers()[0].state == "active"


def test_an_end_in_the_hour_that_clocks_leave_out_names_the_field_and_not_the_page(stocked, bob):
    assert datetime(2027, 3, 28).weekday() == 6  # the Sunday on which summer time begins
    answer = bob.post(url("subscriber_new"), subscriber_form(kind="temporary", ends_at="2027-03-28T02:30"))
    assert "2027-03-28" in answer.content.decode()
    assert answer.status_code == 422
