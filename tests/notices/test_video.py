"""What people are told of video, from what happens at the vendor to the mailbox."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.notices.models import Notice
from portal.notices.registry import Mail
from portal.notices.watching import look_around
from provisioning import drift, notices
from provisioning.models import Drift, Order, Subscriber
from provisioning.operations import create_subscriber, end_temporary_subscribers, order_products
from provisioning.pricing import set_price
from provisioning.thresholds import Thresholds, set_thresholds
from tests.notices.conftest import leads_to, page_of

NONE = Thresholds(None, None, None, None)
FULFILLED = "provisioning.order_fulfilled"


@pytest.fixture
def order(video, cast):
    def order(quantity: int, order_type: str = "increment") -> Order:
        with video.scope():
            promised = order_products(video.product, order_type, quantity, acting_user=cast.bob)
        video.work()
        with video.scope():
            return Order.objects.get(pk=promised.pk)

    return order


@pytest.fixture
def tell(video, cast):
    """Set thresholds as an admin does."""

    def tell(price: str = "1", limit: str | None = None, **thresholds) -> None:
        with video.scope():
            agreed = Decimal(limit) if limit else None
            set_price(video.product, unit_price=Decimal(price), limit_eur=agreed, acting_user=cast.adam)
            wanted = Thresholds(**{**NONE.__dict__, **thresholds})
            set_thresholds(video.product, wanted, acting_user=cast.adam)

    return tell


def only(post, kind: str) -> list[bool]:
    """Whether each notice of this kind is over."""
    return [over for name, over in post.notices() if name == kind]


# --- Orders -------------------------------------------------------------------------------------------------------


def test_a_fulfilled_order_is_told_once(video, cast, post, order):
    post.choose(cast.bill, notices.FULFILLED, Mail.AT_ONCE)
    placed = order(5)
    for _ in range(20):
        video.sync()
    assert "The order +5 × KPN-VoiceVideo-C is fulfilled" in page_of(cast.bill)
    post.go_out()
    (mail,) = post.to(cast.bill)
    assert mail.subject == "Acme: The order +5 × KPN-VoiceVideo-C is fulfilled"
    assert leads_to(mail, cast.bill, f"/t/acme/video/orders/{placed.pk}/")
    assert post.to(cast.bob) == [], "who chose nothing reads it in the morning"
    post.after_the_night()
    assert len(post.to(cast.bob)) == len(post.to(cast.bill)) == 1


def test_a_rejected_order_is_told(video, cast, post, order):
    video.control.put_account(video.client_id, limit_eur="3.00")
    placed = order(5)
    video.control.reject_order(video.client_id, placed.number)
    for _ in range(20):
        video.sync()
    assert "The vendor rejected the order +5 × KPN-VoiceVideo-C" in page_of(cast.bill)
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bill.email]]
    assert leads_to(mail, cast.bill, f"/t/acme/video/orders/{placed.pk}/")
    assert only(post, "provisioning.order_rejected") == [False]


def test_an_order_that_hangs_is_told_and_over_when_it_is_fulfilled(video, cast, post, order, settings):
    settings.ORDER_PATIENCE_SECONDS = 3600
    video.control.put_account(video.client_id, limit_eur="3.00")
    placed = order(5)
    look_around()
    assert post.notices() == []
    for minutes in range(61, 81):
        look_around(timezone.now() + timedelta(minutes=minutes))
    assert "The order +5 × KPN-VoiceVideo-C is still pending at the vendor" in page_of(cast.bill, "?show=open")
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bill.email]]
    assert leads_to(mail, cast.bill, f"/t/acme/video/orders/{placed.pk}/")
    video.control.fulfil_order(video.client_id, placed.number)
    video.sync()
    look_around()
    assert only(post, "provisioning.order_stuck") == [True]


def test_history_that_is_taken_over_is_no_news(cast, sandbox, quick_vendor, transactional_db, post):
    from tests.fixtures.video import SECRET, Video

    sandbox.control.put_account("old-customer", SECRET)
    sandbox.control.order_behind("old-customer", "increment", 8)
    Video(cast.acme, "old-customer", sandbox).sync()
    assert post.notices() == []


# --- Differences --------------------------------------------------------------------------------------------------


def test_a_difference_behind_our_back_is_told_and_over_when_somebody_adopts_it(video, cast, post, order):
    order(5)
    video.control.move_total_behind(video.client_id, 4)
    for _ in range(20):
        video.sync()
    with video.scope():
        found = Drift.objects.open().get()
    assert "The vendor says something that the portal did not expect (Video)" in page_of(cast.bob, "?show=open")
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bob.email]]
    assert leads_to(mail, cast.bob, f"/t/acme/video/differences/{found.pk}/")
    with video.scope():
        drift.adopt(found, reason="ordered by phone", acting_user=cast.adam)
    assert only(post, "provisioning.difference") == [True]


def test_what_one_reading_finds_is_one_notice_until_the_last_is_gone(video, cast, post, order):
    order(5)
    video.control.order_behind(video.client_id, "increment", 3)
    video.sync()
    assert "The vendor says 2 things that the portal did not expect (Video)" in page_of(cast.bob)
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bob.email]]
    assert leads_to(mail, cast.bob, f"/t/acme/video/differences/?connection={video.connection.pk}")
    with video.scope():
        placed_elsewhere = Drift.objects.open().get(kind=Drift.Kind.UNKNOWN_ORDER)
        drift.adopt(placed_elsewhere, reason="ordered by phone", acting_user=cast.adam)
    assert only(post, "provisioning.difference") == [False], "the total differs as well"
    video.sync()
    assert only(post, "provisioning.difference") == [True], "which the adopted order explains"


# --- Thresholds ---------------------------------------------------------------------------------------------------


def test_a_decrement_below_the_threshold_is_told_until_there_is_more(video, cast, post, order, tell):
    order(10)
    tell(free_below=5)
    assert only(post, "provisioning.few_free") == []
    order(7, "decrement")
    for _ in range(20):
        video.sync()
    assert "Only 3 of KPN-VoiceVideo-C are free" in page_of(cast.bill, "?show=open")
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bob.email]]
    assert "Only 3 of KPN-VoiceVideo-C are free" in mail.subject
    assert leads_to(mail, cast.bob, f"/t/acme/video/orders/new/?connection={video.connection.pk}")
    order(2)
    assert only(post, "provisioning.few_free") == [True]


def test_the_subscriber_that_takes_the_stock_below_the_threshold_is_told_of(video, cast, post, order, tell):
    order(3)
    tell(free_below=2)
    for name in ("anna", "ben", "carl"):
        with video.scope():
            create_subscriber(video.product, name, acting_user=cast.bob)
        video.work()
    assert only(post, "provisioning.few_free") == [False]
    with video.scope():
        assert Notice.objects.get(kind="provisioning.few_free").args["free"] == 1


def test_a_subscriber_costs_no_further_query_for_all_this(video, cast, post, order, tell):
    """The same number with a threshold that is not passed as with none: what is asked of it comes with the count."""

    def queries(name: str) -> int:
        with video.scope():
            create_subscriber(video.product, name, acting_user=cast.bob)
        with CaptureQueriesContext(connection) as asked:
            video.work()
        assert not [query["sql"] for query in asked if "notices_" in query["sql"]]
        return len(asked)

    order(10)
    queries("warm-up")
    without = queries("anna")
    tell(free_below=2, peak_above=100)
    assert queries("ben") == without


@pytest.mark.parametrize(
    ("thresholds", "kind", "title"),
    [
        ({"peak_above": 4}, "provisioning.peak_above", "This month's peak of KPN-VoiceVideo-C is 5"),
        ({"cost_above": Decimal(9)}, "provisioning.cost_above", "This month of KPN-VoiceVideo-C costs €\xa010.00"),
        ({"limit_percent": 80}, "provisioning.limit_near", "83 % of the agreed limit of KPN-VoiceVideo-C is reached"),
    ],
)
def test_a_threshold_of_money_is_told_to_who_looks_after_it(video, cast, post, order, tell, thresholds, kind, title):
    tell("2", limit="12", **thresholds)
    order(3)
    assert only(post, kind) == []
    order(2)
    for _ in range(20):
        video.sync()
    assert plain_spaces(title) in page_of(cast.bill, "?show=open")
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bill.email]]
    assert plain_spaces(title) in mail.subject
    with video.scope():
        product = video.product
    assert leads_to(mail, cast.bill, f"/t/acme/video/?connection={video.connection.pk}&product={product.pk}")
    tell("2", limit="12")
    assert only(post, kind) == [True], "the threshold was taken away"


def plain_spaces(text: str) -> str:
    return " ".join(text.split())


def test_a_new_month_ends_what_was_told_of_the_last_one(video, cast, post, order, tell):
    tell(peak_above=4)
    order(5)
    order(3, "decrement")
    assert only(post, "provisioning.peak_above") == [False]
    with video.scope():
        Notice.objects.filter(kind="provisioning.peak_above").update(
            key=f"provisioning.peak_above:{video.product.pk}:2020-01"
        )
    video.sync()
    assert only(post, "provisioning.peak_above") == [True, False], "this month has a peak of its own"


# --- Temporary subscribers ----------------------------------------------------------------------------------------


def test_ended_temporary_subscribers_are_told_in_the_digest_only(video, cast, post, order):
    order(3)
    for name in ("anna", "ben"):
        with video.scope():
            create_subscriber(video.product, name, ends_at=timezone.now() + timedelta(hours=1), acting_user=cast.bob)
    video.work()
    with video.scope():
        Subscriber.objects.update(ends_at=timezone.now())
    for _ in range(20):
        end_temporary_subscribers(cast.acme.pk)
        video.work()
    assert "2 temporary subscribers ended The portal has them deleted: anna, ben." in page_of(cast.bob)
    assert post.go_out() == []
    post.after_the_night()
    (mail,) = post.to(cast.bob)
    assert "2 temporary subscribers ended" in mail.body
    assert "/t/acme/notices/" in mail.body
