"""Orders, from the promise to the vendor and back, under every fault that the vendor is known for."""

import pytest

from portal.audit.models import Entry
from portal.operations.models import Attempt, Operation, Status
from provisioning.models import InventoryChange, Order
from provisioning.operations import NotPromised, order_products


@pytest.fixture
def ordered(video, cast):
    def order(quantity: int = 5, type: str = "increment") -> Order:
        with video.scope():
            return order_products(video.product, type, quantity, acting_user=cast.bob)

    return order


def ledger_of(video) -> list[tuple[int, int]]:
    with video.scope():
        return list(InventoryChange.objects.values_list("quantity", "level"))


def test_an_order_reaches_the_vendor_and_the_ledger(video, ordered):
    ordered(5)
    video.work()
    (order,) = video.orders()
    assert order.status == Order.Status.FULFILLED
    assert order.number == video.truth()["orders"][0]["order_number"]
    assert ledger_of(video) == [(0, 0), (5, 5)]
    with video.scope():
        assert (video.inventory.total, video.inventory.available) == (5, 5)
        assert Entry.objects.filter(action="operations.done", on_behalf_of=order.requested_by).count() == 1


def test_a_decrement_brings_the_level_down(video, ordered):
    ordered(5)
    video.work()
    ordered(2, "decrement")
    video.work()
    assert ledger_of(video)[-1] == (-2, 3)
    assert video.truth()["total"] == 3


def test_orders_of_one_product_leave_one_after_the_other(video, ordered):
    for quantity in (1, 2, 3):
        ordered(quantity)
    video.work()
    assert [level for _, level in ledger_of(video)] == [0, 1, 3, 6]


def test_a_decrement_below_use_is_stopped_here(video, ordered):
    ordered(2)
    video.work()
    with pytest.raises(NotPromised, match="Only 2 products are free"):
        ordered(3, "decrement")
    assert video.effects("order_taken") == 1


def test_a_decrement_that_the_vendor_refuses_ends_in_its_own_words(video, ordered):
    ordered(2)
    video.work()
    ordered(2, "decrement")
    video.control.subscribe_behind(video.client_id, "taken-meanwhile")
    video.work()
    order = video.orders()[-1]
    operation = video.operation()
    assert (order.status, operation.status) == (Order.Status.FAILED, Status.REFUSED)
    assert operation.message
    assert ledger_of(video)[-1] == (2, 2)


@pytest.mark.parametrize("quantity", [0, -1, 10**9])
def test_an_absurd_quantity_is_refused_whole(video, ordered, quantity):
    with pytest.raises(NotPromised, match="between 1 and"):
        ordered(quantity)
    assert video.orders() == []


def test_an_answer_lost_after_the_work_is_found_and_not_sent_again(video, ordered):
    video.control.add_fault("lost_answer", method="POST", path="/order", times=1)
    ordered(5)
    video.work()
    (order,) = video.orders()
    assert video.effects("order_taken") == 1
    assert order.status == Order.Status.FULFILLED
    assert order.number == video.truth()["orders"][0]["order_number"]
    with video.scope():
        assert list(Attempt.objects.values_list("purpose", "outcome")) == [("send", "unknown"), ("look", "found")]


def test_an_order_that_never_arrived_is_sent_again_once(video, ordered):
    video.control.add_fault("no_work_lost", method="POST", path="/order", times=1)
    ordered(5)
    video.work()
    assert video.effects("order_taken") == 1
    assert video.orders()[0].status == Order.Status.FULFILLED
    assert video.operation().resend_count == 1


def test_an_order_that_vanishes_twice_needs_a_person(video, ordered):
    video.control.add_fault("no_work_lost", method="POST", path="/order", times=2)
    ordered(5)
    video.work()
    assert video.operation().status == Status.NEEDS_PERSON
    assert video.effects("order_taken") == 0


@pytest.mark.parametrize("kind", ["broken_json", "redirect", "reset", "wrong_shape"])
def test_an_unusable_answer_is_looked_up(video, ordered, kind):
    after_work = {} if kind in ("broken_json", "wrong_shape") else {"after_work": True}
    video.control.add_fault(kind, method="POST", path="/order", times=1, **after_work)
    ordered(5)
    video.work()
    assert video.effects("order_taken") == 1
    assert video.orders()[0].status == Order.Status.FULFILLED


def test_a_server_error_before_the_work_ends_in_one_order(video, ordered):
    video.control.add_fault("status", status=503, method="POST", path="/order", times=1)
    ordered(5)
    video.work()
    assert video.effects("order_taken") == 1


def test_somebody_elses_like_order_is_not_taken_for_ours(video, ordered):
    """The same product, type and quantity, placed by another party while our answer was lost: nobody can tell."""
    video.control.add_fault("no_work_lost", method="POST", path="/order", times=1)
    ordered(5)
    video.work_once()
    video.control.order_behind(video.client_id, "increment", 5)
    video.control.order_behind(video.client_id, "increment", 5)
    video.work()
    assert video.operation().status == Status.NEEDS_PERSON
    assert video.effects("order_taken") == 2


def test_nothing_else_leaves_while_an_outcome_is_open(video, ordered):
    video.control.add_fault("no_work_lost", method="POST", path="/order", times=2)
    ordered(5)
    ordered(7)
    video.work()
    with video.scope():
        assert list(Operation.objects.order_by("pk").values_list("status", flat=True)) == [
            Status.NEEDS_PERSON,
            Status.WAITING,
        ]
    assert video.effects("order_taken") == 0


def test_an_order_above_the_limit_stays_pending_until_the_vendor_acts(video, ordered):
    video.control.put_account(video.client_id, limit_eur="3.00")
    ordered(5)
    video.work()
    (order,) = video.orders()
    assert (order.status, video.operation().status) == (Order.Status.PENDING, Status.DONE)
    assert ledger_of(video) == [(0, 0)]
    video.control.fulfil_order(video.client_id, order.number)
    video.sync()
    assert video.orders()[0].status == Order.Status.FULFILLED
    assert ledger_of(video) == [(0, 0), (5, 5)]


def test_a_lost_answer_of_a_pending_order_is_found_too(video, ordered):
    video.control.put_account(video.client_id, limit_eur="3.00")
    video.control.add_fault("lost_answer", method="POST", path="/order", times=1)
    ordered(5)
    video.work()
    assert video.orders()[0].status == Order.Status.PENDING
    assert video.effects("order_taken") == 1


def test_wrong_credentials_wait_and_nothing_is_sent(video, ordered):
    video.control.put_account(video.client_id, client_secret="another")
    video.control.revoke_tokens(video.client_id)
    ordered(5)
    video.work_once()
    operation = video.operation()
    assert (operation.status, operation.trouble) == (Status.WAITING, Operation.Trouble.CREDENTIALS)
    assert video.effects("order_taken") == 0


def test_throttled_waits_for_the_reset(video, ordered):
    video.control.add_fault("throttle", seconds=600, method="GET", path="/inventory", times=1)
    ordered(5)
    video.work()
    operation = video.operation()
    assert (operation.status, operation.trouble) == (Status.WAITING, Operation.Trouble.QUOTA)
    with video.scope():
        video.connection.health.refresh_from_db()
        assert video.connection.health.quiet_until > operation.created_at


def test_a_vendor_that_cannot_be_reached_delays_and_loses_nothing(video, ordered):
    video.sandbox.kill()
    try:
        ordered(5)
        video.work_once()
        assert video.operation().status == Status.WAITING
    finally:
        video.sandbox.start()
    video.let_time_pass()
    video.work()
    assert video.orders()[0].status == Order.Status.FULFILLED
    assert video.effects("order_taken") == 1
