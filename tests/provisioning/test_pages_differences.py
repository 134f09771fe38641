"""The pages of differences, and of price and limit."""

import pytest

from portal.audit.models import Entry
from provisioning import ledger
from provisioning.models import Drift
from tests.provisioning.pages import confirmed, seen_of, text_of, url
from tests.provisioning.samples import priced


@pytest.fixture
def more_than_ours(video, placed) -> Drift:
    placed(5)
    video.control.move_total_behind(video.client_id, 3)
    video.sync()
    with video.scope():
        return Drift.objects.open().get(kind=Drift.Kind.TOTAL)


def test_a_difference_says_what_adopting_it_would_change_and_then_changes_that(video, adam, more_than_ours):
    with video.scope():
        priced(2)
    shown = text_of(adam.get(url("difference", more_than_ours.pk)))
    assert "an entry of +3 now, from 5 to 8 products" in shown
    assert "peak becomes 8 instead of 5, which changes its cost by € 6.00" in shown
    answer = adam.post(
        url("difference_adopt", more_than_ours.pk),
        confirmed(reason="agreed by telephone", seen=seen_of(adam, more_than_ours)),
        follow=True,
    )
    assert "Peak this month 8" in text_of(adam.get(url("dashboard")))
    assert "quantity=3" in answer.content.decode()
    assert "Order 3 down again" in text_of(answer)


def test_a_difference_that_has_changed_meanwhile_is_not_adopted(video, adam, more_than_ours):
    seen = seen_of(adam, more_than_ours)
    video.control.move_total_behind(video.client_id, 1)
    video.sync()
    answer = adam.post(url("difference_adopt", more_than_ours.pk), confirmed(reason="fine", seen=seen))
    assert answer.status_code == 422
    assert "has changed since you saw it" in text_of(answer)
    with video.scope():
        assert Drift.objects.get(pk=more_than_ours.pk).state == Drift.State.OPEN
        assert ledger.level(video.product) == 5


def test_a_difference_put_right_elsewhere_is_marked(video, adam, more_than_ours):
    video.control.move_total_behind(video.client_id, -3)
    adam.post(
        url("difference_repaired", more_than_ours.pk),
        confirmed(reason="the vendor took it back", seen=seen_of(adam, more_than_ours)),
    )
    video.sync()
    with video.scope():
        assert not Drift.objects.open().exists()
    assert "Repaired" in text_of(adam.get(url("differences", state="decided")))


def test_an_order_placed_elsewhere_is_adopted_as_such(video, adam, placed):
    placed(1)
    video.control.order_behind(video.client_id, "increment", 4)
    video.sync()
    with video.scope():
        unknown = Drift.objects.open().get(kind=Drift.Kind.UNKNOWN_ORDER)
    shown = text_of(adam.get(url("difference", unknown.pk)))
    assert "one that was not placed through the portal" in shown
    assert "peak becomes 5 instead of 1" in shown
    adam.post(url("difference_adopt", unknown.pk), confirmed(reason="ours", seen=seen_of(adam, unknown)))
    assert "elsewhere" in text_of(adam.get(url("orders")))


@pytest.mark.parametrize("decision", ["difference_adopt", "difference_repaired"])
def test_a_decision_wants_a_reason(video, adam, more_than_ours, decision):
    answer = adam.post(url(decision, more_than_ours.pk), confirmed(reason="", seen=seen_of(adam, more_than_ours)))
    assert answer.status_code == 422
    with video.scope():
        assert Drift.objects.get(pk=more_than_ours.pk).state == Drift.State.OPEN


# --- Price and limit -----------------------------------------------------------------------------------------------


def test_price_and_limit_are_kept_and_on_record(video, adam, cast):
    with video.scope():
        product = video.product
    adam.post(url("product", product.pk), confirmed(unit_price="2.2550", limit_eur="500"))
    with video.scope():
        product.refresh_from_db()
        entry = Entry.objects.get(action="provisioning.price_set")
    assert (str(product.unit_price), str(product.limit_eur)) == ("2.2550", "500.00")
    assert (entry.actor, entry.after["limit_eur"]) == (cast.adam, "500")


@pytest.mark.parametrize("price", ["-1", "1e9", "NaN", "Infinity", "1.23456", "99999999", "x", ""])
def test_an_absurd_price_is_refused(video, adam, price):
    with video.scope():
        product = video.product
    assert adam.post(url("product", product.pk), confirmed(unit_price=price, limit_eur="")).status_code == 422
    with video.scope():
        product.refresh_from_db()
    assert product.unit_price == 0
