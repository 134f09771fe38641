"""The pages of orders: the list, and one that is followed."""

import re
from datetime import timedelta

from django.utils import timezone

from portal.operations.models import Operation, Status
from provisioning.models import Order
from provisioning.operations import order_products
from tests.provisioning.pages import confirmed, text_of, url
from tests.provisioning.samples import (
    some_order,
    stocked_product,
)


def test_orders_are_filtered_by_what_stands_in_the_address(bob, cast, at_acme):
    with at_acme():
        product = stocked_product(cast.acme, total=3)
        some_order(product, cast.bob, number="O-pending", status="pending", operation_status=Status.DONE)
        some_order(product, cast.alice, number="O-done", status="fulfilled", operation_status=Status.DONE)
        old = some_order(product, None, number="O-old", status="rejected", operation_status=Status.DONE)
        Order.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=40))
    today = timezone.now().astimezone(cast.acme.zone).date()

    def found(**query) -> set[str]:
        return set(re.findall(r"O-\w+", text_of(bob.get(url("orders", **query)))))

    assert found() == {"O-pending", "O-done", "O-old"}
    assert found(status="moving") == {"O-pending"}
    assert found(who=cast.alice.pk) == {"O-done"}
    assert found(who="vendor") == {"O-old"}
    assert found(since=today, until=today) == {"O-pending", "O-done"}
    assert found(until=today - timedelta(days=1)) == {"O-old"}
    assert found(q="o-OL") == {"O-old"}
    assert found(type="decrement") == set()
    assert found(status="nonsense", since="9999-12-31", who="x") == {"O-pending", "O-done", "O-old"}


def test_an_order_is_followed_until_it_is_fulfilled(video, bob, cast):
    with video.scope():
        order = order_products(video.product, "increment", 2, acting_user=cast.bob)
    assert 'hx-trigger="every 2s"' in bob.get(url("order", order.pk)).content.decode()
    video.work()
    fragment = bob.get(url("order_now", order.pk)).content.decode()
    assert "hx-trigger" not in fragment
    assert "Fulfilled" in fragment
    assert "<html" not in fragment


def test_an_order_pending_for_long_comes_with_words_for_the_vendor(video, bob, placed, settings):
    video.control.put_account(video.client_id, limit_eur="1")
    order = placed(5)
    settings.ORDER_PATIENCE_SECONDS = -1
    shown = text_of(bob.get(url("order", order.pk)))
    assert "Pending for long" in shown
    assert f"Order number: {order.number}" in shown
    assert "Type and quantity: increment, 5" in shown
    with video.scope():
        assert Order.objects.get(pk=order.pk).vendor_created_at.strftime("%Y-%m-%d %H:%M:%S UTC") in shown
    transaction = video.truth()["orders"][0]["transaction_id"]
    assert f"Request ID of the order call: {transaction}" in shown


def test_a_refused_decrement_is_told_in_the_vendors_words(video, bob, placed):
    placed(2)
    video.control.subscribe_behind(video.client_id, "taken-meanwhile")
    order = placed(2, "decrement")
    shown = text_of(bob.get(url("order", order.pk)))
    with video.scope():
        message = Operation.objects.get(pk=order.operation_id).message
    assert "The vendor refused this order" in shown
    assert message in shown.replace("&#x27;", "'").replace("&quot;", '"')
    assert "Nothing was changed" in shown


def test_an_order_can_be_cancelled_while_it_has_not_left(video, bob, cast):
    with video.scope():
        order = order_products(video.product, "increment", 2, acting_user=cast.bob)
    answer = bob.post(url("order_cancel", order.pk), confirmed(), follow=True)
    assert "Nothing was ordered" in text_of(answer)
    video.work()
    assert video.effects("order_taken") == 0


def test_an_order_that_has_left_cannot_be_cancelled(video, bob, placed):
    order = placed(2)
    answer = bob.post(url("order_cancel", order.pk), confirmed(), follow=True)
    assert "It has left already" in text_of(answer)
    assert "Cancel the order" not in text_of(answer)
