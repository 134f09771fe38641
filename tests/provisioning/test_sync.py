"""The mirror follows the vendor; what differs from what we meant is told, and never put right by itself."""

import pytest

from provisioning import drift
from provisioning.models import Drift, InventoryChange, MirrorState, Order
from provisioning.operations import create_subscriber, order_products

Kind = Drift.Kind


def open_drift(video) -> dict[str, tuple]:
    with video.scope():
        return {each.kind: (each.ours, each.theirs) for each in Drift.objects.open()}


def writes_of(video) -> tuple:
    with video.scope():
        return (
            list(InventoryChange.objects.values_list("pk", flat=True)),
            list(Order.objects.values_list("pk", "status")),
            list(Drift.objects.values_list("pk", "state")),
        )


@pytest.fixture
def five(video, cast):
    """Acme ordered five products."""
    with video.scope():
        order_products(video.product, "increment", 5, acting_user=cast.bob)
    video.work()
    video.sync()
    return video


def test_the_first_reading_opens_the_ledger_and_takes_over_history(cast, sandbox, quick_vendor, transactional_db):
    from tests.fixtures.video import SECRET, Video

    sandbox.control.put_account("old-customer", SECRET)
    sandbox.control.order_behind("old-customer", "increment", 8)
    sandbox.control.subscribe_behind("old-customer", "veteran")
    video = Video(cast.acme, "old-customer", sandbox)
    video.sync()
    with video.scope():
        assert list(InventoryChange.objects.values_list("cause", "level")) == [("opening", 0), ("order", 8)]
        assert Order.objects.get().status == Order.Status.FULFILLED
        assert video.inventory.foreign_in_use == 1
    assert open_drift(video) == {}


def test_the_ledger_opens_with_the_vendors_own_times(cast, sandbox, quick_vendor, transactional_db):
    """What was ordered and given back before the first reading belongs to its month's peak all the same."""
    from tests.fixtures.video import SECRET, Video

    sandbox.control.put_account("old-customer", SECRET)
    sandbox.control.move_total_behind("old-customer", 2)
    for quantity, kind, at in ((9, "increment", "2026-01-10T08:00:00Z"), (7, "decrement", "2026-01-11T08:00:00Z")):
        sandbox.control.order_behind("old-customer", kind, quantity, at=at)
    video = Video(cast.acme, "old-customer", sandbox)
    video.sync()
    with video.scope():
        entries = list(InventoryChange.objects.values_list("level", "vendor_at__date"))
    assert [(level, str(day)) for level, day in entries] == [(2, "2026-01-10"), (11, "2026-01-10"), (4, "2026-01-11")]
    assert open_drift(video) == {}


def test_a_history_that_cannot_be_true_is_not_entered(cast, sandbox, quick_vendor, transactional_db):
    from tests.fixtures.video import SECRET, Video

    sandbox.control.put_account("old-customer", SECRET)
    sandbox.control.order_behind("old-customer", "increment", 8)
    sandbox.control.move_total_behind("old-customer", -5)
    video = Video(cast.acme, "old-customer", sandbox)
    video.sync()
    with video.scope():
        assert list(InventoryChange.objects.values_list("cause", "level")) == [("opening", 3)]


def test_a_reading_that_finds_nothing_new_writes_nothing(five):
    before = writes_of(five)
    five.sync()
    assert writes_of(five) == before
    assert open_drift(five) == {}


def test_a_total_changed_behind_our_back_is_told_and_not_believed(five):
    five.control.move_total_behind(five.client_id, 4)
    five.sync()
    assert open_drift(five) == {Kind.TOTAL: (5, 9)}
    with five.scope():
        assert InventoryChange.objects.latest("sequence").level == 5


def test_an_adopted_total_enters_the_ledger(five, cast):
    five.control.move_total_behind(five.client_id, 4)
    five.sync()
    with five.scope():
        drift.adopt(Drift.objects.open().get(), reason="ordered by phone", acting_user=cast.adam)
        last = InventoryChange.objects.latest("sequence")
        assert (last.cause, last.quantity, last.level) == ("reconcile", 4, 9)
    five.sync()
    assert open_drift(five) == {}


def test_a_difference_that_moved_on_is_not_adopted_as_it_was_seen(five, cast):
    five.control.move_total_behind(five.client_id, 4)
    five.sync()
    with five.scope():
        seen = Drift.objects.open().get()
    five.control.move_total_behind(five.client_id, 1)
    five.sync()
    with five.scope(), pytest.raises(drift.NotAdopted, match="changed since you saw it"):
        drift.adopt(seen, reason="ordered by phone", acting_user=cast.adam)


def test_an_order_placed_elsewhere_is_told_and_explains_its_total_once_adopted(five, cast):
    five.control.order_behind(five.client_id, "increment", 3)
    five.sync()
    assert set(open_drift(five)) == {Kind.UNKNOWN_ORDER, Kind.TOTAL}
    with five.scope():
        drift.adopt(
            Drift.objects.open().get(kind=Kind.UNKNOWN_ORDER), reason="our colleague's order", acting_user=cast.adam
        )
    five.sync()
    assert open_drift(five) == {}
    with five.scope():
        assert InventoryChange.objects.latest("sequence").cause == "order"


def test_products_used_elsewhere_are_told_and_can_be_accepted(five, cast):
    five.control.subscribe_behind(five.client_id, "stranger")
    five.sync()
    assert open_drift(five) == {Kind.IN_USE: (0, 1)}
    with five.scope():
        drift.adopt(Drift.objects.open().get(), reason="made on the vendor's site", acting_user=cast.adam)
    five.sync()
    assert open_drift(five) == {}


def test_a_difference_that_goes_away_is_closed_by_itself(five):
    five.control.move_total_behind(five.client_id, 4)
    five.sync()
    five.control.move_total_behind(five.client_id, -4)
    five.sync()
    assert open_drift(five) == {}
    with five.scope():
        assert Drift.objects.get().state == Drift.State.GONE


def test_counts_read_while_an_outcome_is_open_are_not_judged(five, cast):
    five.control.add_fault("lost_answer", method="POST", path="/subscriber", times=1)
    with five.scope():
        create_subscriber(five.product, "anna", acting_user=cast.bob)
    five.work_once()
    five.sync()
    assert open_drift(five) == {}
    five.work()
    five.sync()
    assert open_drift(five) == {}
    assert five.effects("subscriber_created") == 1


def test_a_pending_order_that_the_vendor_rejects_is_rejected_here(five, cast):
    five.control.put_account(five.client_id, limit_eur="5.00")
    with five.scope():
        order_products(five.product, "increment", 2, acting_user=cast.bob)
    five.work()
    five.control.reject_order(five.client_id, five.orders()[-1].number)
    five.sync()
    assert five.orders()[-1].status == Order.Status.REJECTED
    with five.scope():
        assert InventoryChange.objects.latest("sequence").level == 5


def test_a_late_fulfilment_carries_the_vendors_time(five, cast):
    five.control.put_account(five.client_id, limit_eur="5.00")
    with five.scope():
        order_products(five.product, "increment", 2, acting_user=cast.bob)
    five.work()
    fulfilled = five.control.fulfil_order(five.client_id, five.orders()[-1].number)
    five.sync()
    with five.scope():
        change = InventoryChange.objects.latest("sequence")
        assert change.level == 7
        assert change.vendor_at.isoformat()[:19] == fulfilled["fulfilled_at"][:19]


def test_a_reading_that_fails_says_so_and_deletes_nothing(five):
    five.control.add_fault("broken_json", method="GET", path="/order", times=1)
    before = writes_of(five)
    five.sync()
    with five.scope():
        mirror = MirrorState.objects.get()
        assert mirror.error
        assert mirror.reading_until is None
    assert writes_of(five) == before


def test_an_order_that_the_vendor_lists_no_more_is_told(five):
    five.control.add_fault("wrong_shape", body=[], method="GET", path="/order", times=1)
    five.sync()
    assert set(open_drift(five)) == {Kind.MISSING_ORDER}
    assert five.orders()[0].status == Order.Status.FULFILLED
    five.sync()
    assert open_drift(five) == {}


def test_two_workers_do_not_read_the_same_mirror_at_once(five):
    with five.scope():
        MirrorState.objects.update(reading_until="2999-01-01T00:00:00Z")
    asked = len(five.control.requests(five.client_id))
    five.sync()
    assert len(five.control.requests(five.client_id)) == asked
