"""The whole slice without a browser: pages by Django's client, the vendor's sandbox, the worker in this process."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from tests.provisioning.pages import text_of

SEEN = re.compile(r'name="seen" value="([^"]*)"')


class Visitor:
    """Somebody signed in, with a tab of their own."""

    def __init__(self, person) -> None:
        self.client = Client()
        self.client.force_login(person)

    def reads(self, name: str, *args, tenant: str = "acme", **query) -> str:
        answer = self.client.get(reverse(name, args=[tenant, *args]), query)
        assert answer.status_code == 200, answer.status_code
        return text_of(answer)

    def may_read(self, name: str, *args, tenant: str = "acme") -> bool:
        return self.client.get(reverse(name, args=[tenant, *args])).status_code == 200

    def sends(self, name: str, *args, **values) -> str:
        """Send a form with a key of its own, follow where it leads, and read what stands there."""
        answer = self.client.post(_at_acme(name, *args), {"form_key": uuid4(), **values}, follow=True)
        return text_of(answer)

    def agrees_to(self, quantity: int, what: str = "increment") -> dict:
        """The order's form, filled in and with the mark of the forecast that stands beside it."""
        wanted = {"type": what, "quantity": quantity}
        forecast = self.client.get(_at_acme("provisioning:order_forecast"), wanted)
        return {"form_key": uuid4(), "seen": SEEN.search(forecast.content.decode())[1], **wanted}

    def orders(self, quantity: int, what: str = "increment") -> str:
        return self.sends("provisioning:order_new", **self.agrees_to(quantity, what))


def _at_acme(name: str, *args) -> str:
    return reverse(name, args=["acme", *args])


@pytest.fixture
def alice(cast):
    return Visitor(cast.alice)


@pytest.fixture
def charlie(cast):
    return Visitor(cast.charlie)


@pytest.fixture
def priced(video, alice):
    """Acme's account, with price and limit as agreed."""
    with video.scope():
        product = video.product
    alice.sends("provisioning:product", product.pk, unit_price="2.50", limit_eur="100")
    return video


def test_products_are_ordered_used_given_back_and_accounted_for(priced, alice):
    video = priced
    told = alice.reads("provisioning:order_forecast", type="increment", quantity=5)
    assert "€ 12.50 more this month : the peak rises to 5" in told
    assert video.effects("order_taken") == 0

    assert "+5 ×" in alice.orders(5)
    video.work()
    [order] = video.orders()
    assert "Fulfilled by the vendor" in alice.reads("provisioning:order", order.pk)

    alice.sends("provisioning:subscriber_new", username="anna", kind="persistent")
    video.work()
    [anna] = video.subscribers()
    shown = alice.sends("provisioning:credentials", anna.pk)
    with video.scope():
        password = anna.password.reveal()
    assert password in shown
    assert password not in alice.reads("provisioning:subscriber", anna.pk)

    dashboard = alice.reads("provisioning:dashboard")
    assert "Free products 4 of 5 in the inventory" in dashboard
    assert "Peak this month 5" in dashboard
    assert "Cost this month € 12.50" in dashboard

    assert "Only 4 products are free." in alice.orders(5, "decrement")
    assert video.effects("order_taken") == 1

    alice.sends("provisioning:subscriber_delete", anna.pk)
    video.work()
    alice.orders(5, "decrement")
    video.work()
    assert video.truth()["total"] == 0
    assert "Peak this month 5" in alice.reads("provisioning:dashboard")


def test_everything_that_was_done_is_on_record(priced, alice):
    video = priced
    alice.orders(5)
    video.work()
    [order] = video.orders()
    story = alice.reads("operations:operation", order.operation_id)
    assert "Asked for" in story
    assert "Sending 1" in story
    assert video.truth()["orders"][0]["transaction_id"] in story
    audit = alice.reads("audit:entries")
    assert "alice@example.com Price and limit set" in audit
    assert "alice@example.com Asked for an operation" in audit


def test_a_lost_answer_is_looked_up_and_not_sent_again(video, alice):
    video.control.add_fault("lost_answer", method="POST", path="/order", client_id=video.client_id, times=1)
    alice.orders(3)
    while video.operation().status != "unknown":
        assert video.work_once()
    [order] = video.orders()
    assert "Outcome unknown" in alice.reads("provisioning:order", order.pk)
    video.let_time_pass()
    video.work()
    assert "Fulfilled by the vendor" in alice.reads("provisioning:order", order.pk)
    assert video.effects("order_taken") == 1


def test_the_same_form_twice_is_one_order(video, alice):
    form = alice.agrees_to(2)
    alice.sends("provisioning:order_new", **form)
    assert "Ordered by Alice" in alice.sends("provisioning:order_new", **form)
    video.work()
    assert [order.quantity for order in video.orders()] == [2]
    assert video.effects("order_taken") == 1


def test_another_company_sees_nothing_of_it(video, alice, charlie):
    alice.orders(2)
    video.work()
    [order] = video.orders()
    assert alice.may_read("provisioning:order", order.pk)
    assert not charlie.may_read("provisioning:order", order.pk)
    assert not charlie.may_read("provisioning:order", order.pk, tenant="globex")
    assert "No video connection yet" in charlie.reads("provisioning:dashboard", tenant="globex")
    assert "Nothing was asked of a vendor yet" in charlie.reads("operations:operations", tenant="globex")
