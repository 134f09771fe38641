"""Products that nobody needs are removed before the month ends: approved, and never what is needed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection as database
from django.utils import timezone

from portal.audit.models import Entry
from portal.billing.lines import following
from portal.billing.terms import first_day_of
from portal.bulk.models import Batch
from portal.notices.watching import look_around
from portal.operations.models import Operation, Status
from provisioning import right_sizing
from provisioning.models import Inventory, MirrorState, SizingPlan
from provisioning.operations import NotPromised, order_products
from tests.provisioning.samples import priced, some_subscriber
from tests.provisioning.sizing import (
    EARLY,
    MONTH,
    at_once,
    decrements,
    open_window,
    spare_of,
    taken_by_the_vendor,
    told,
    turn,
)

State = SizingPlan.State


# --- What is spare ------------------------------------------------------------------------------------------------


def test_it_is_off_until_somebody_switches_it_on(video, placed, cast):
    placed(5)
    with video.scope(), pytest.raises(NotPromised, match="switched off"):
        right_sizing.approve(video.product, 1, form_key=uuid4(), now=EARLY, acting_user=cast.bob)


def test_spare_is_what_is_left_of_use_promises_orders_imports_and_margin(stock, cast):
    assert spare_of(stock) == 12 - 3
    with stock.scope():
        Inventory.objects.update(available=10)
        some_subscriber(stock.product, cast.bob, "promised", state="requested", vendor_id="")
        order_products(stock.product, "decrement", 2, acting_user=cast.bob)
        order_products(stock.product, "increment", 50, acting_user=cast.bob)
        Batch.objects.create(
            tenant=stock.tenant,
            kind="provisioning.create_subscribers",
            state=Batch.State.RUNNING,
            options={"product": str(stock.product.pk)},
            total=5,
            checked=5,
            bad=1,
            promised=2,
            created_by=cast.bob,
        )
    assert spare_of(stock) == 10 - 1 - 2 - (5 - 1 - 2) - 3


def test_the_proposal_tells_what_the_next_month_costs_less(stock):
    with stock.scope():
        proposal = right_sizing.proposal_of(right_sizing.sizable().get(), EARLY)
    assert (proposal.spare, proposal.saving, proposal.next_opening) == (9, Decimal(18), 3)


@pytest.mark.parametrize(("free_units", "saving"), [(0, 18), (3, 18), (5, 14), (11, 2), (12, 0), (50, 0)])
def test_only_what_is_charged_can_be_saved(stock, free_units, saving):
    with stock.scope():
        priced(2, free_units=free_units)
        assert right_sizing.proposal_of(right_sizing.sizable().get(), EARLY).saving == saving


def test_the_saving_is_by_the_terms_agreed_for_the_next_month(stock):
    with stock.scope():
        priced(5, starts_on=following(first_day_of(MONTH)))
        assert right_sizing.proposal_of(right_sizing.sizable().get(), EARLY).saving == 45


def test_the_window_is_on_the_calendar_of_the_contract(stock, settings):
    settings.RIGHT_SIZING_CLOSES_HOURS = 6
    with stock.scope():
        priced(2, zone="Pacific/Auckland")
        window = right_sizing.proposal_of(right_sizing.sizable().get(), EARLY).window
    ends = window.month.end.astimezone(ZoneInfo("Pacific/Auckland"))
    assert (ends.day, ends.hour) == (1, 0)
    assert window.closes_at == ends - timedelta(hours=6)
    assert window.closes_at < MONTH.end - timedelta(hours=6), "Auckland is ahead of Amsterdam"


def test_the_window_lies_before_the_end_of_the_local_month(settings):
    settings.RIGHT_SIZING_OPENS_HOURS, settings.RIGHT_SIZING_CLOSES_HOURS = 48, 6
    # In October the clocks go back on the 25th: the month ends at 23:00 UTC all the same.
    window = right_sizing.window_of(datetime(2026, 10, 31, 22, 59, tzinfo=UTC))
    assert window.month.end == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    assert window.opens_at == datetime(2026, 10, 29, 23, 0, tzinfo=UTC)
    assert window.closes_at == datetime(2026, 10, 31, 17, 0, tzinfo=UTC)


# --- The approval -------------------------------------------------------------------------------------------------


def test_more_than_is_spare_is_not_approved(stock, cast):
    with stock.scope(), pytest.raises(NotPromised, match="9 products are spare now"):
        right_sizing.approve(stock.product, 10, form_key=uuid4(), now=EARLY, acting_user=cast.bob)


def test_after_the_window_nothing_is_approved(stock, cast):
    late = MONTH.end - timedelta(minutes=1)
    with stock.scope(), pytest.raises(NotPromised, match="too late"):
        right_sizing.approve(stock.product, 1, form_key=uuid4(), now=late, acting_user=cast.bob)


def test_a_form_sent_twice_is_one_plan_and_a_second_form_is_refused(stock, cast):
    form_key = uuid4()
    with stock.scope():
        first = right_sizing.approve(stock.product, 9, form_key=form_key, now=EARLY, acting_user=cast.bob)
        again = right_sizing.approve(stock.product, 9, form_key=form_key, now=EARLY, acting_user=cast.bob)
        assert first.pk == again.pk
        with pytest.raises(NotPromised, match="approved a removal for this month already"):
            right_sizing.approve(stock.product, 9, form_key=uuid4(), now=EARLY, acting_user=cast.adam)


def test_two_people_who_approve_at_once_make_one_plan(stock, cast):
    outcomes = []

    def click(person) -> None:
        try:
            with stock.scope():
                right_sizing.approve(stock.product, 9, form_key=uuid4(), now=EARLY, acting_user=person)
            outcomes.append("approved")
        except NotPromised:
            outcomes.append("refused")

    at_once(click, [cast.bob, cast.adam])
    assert sorted(outcomes) == ["approved", "refused"]


# --- Placing ------------------------------------------------------------------------------------------------------


def test_nothing_is_ordered_before_the_window(approved, stock):
    open_window(stock, opens_at=timezone.now() + timedelta(minutes=30))
    assert turn(stock).state == State.PLANNED
    assert decrements(stock) == []


def test_in_the_window_it_is_ordered_and_carried_out(approved, stock, cast):
    plan = turn(stock)
    assert (plan.state, plan.removed, plan.order.requested_by_id) == (State.PLACED, 9, cast.bob.pk)
    stock.work()
    assert taken_by_the_vendor(stock) == [9]
    assert stock.truth()["total"] == 3
    assert told(stock, "right_sizing_placed") == [False]
    with stock.scope():
        placed = Entry.objects.get(action="provisioning.right_sizing_placed")
        assert (placed.actor_id, placed.after["quantity"]) == (None, 9)


def test_when_fewer_are_spare_it_removes_fewer_and_says_so(approved, stock, cast):
    with stock.scope():
        some_subscriber(stock.product, cast.bob, "late", state="requested", vendor_id="")
    plan = turn(stock)
    assert (plan.removed, str(plan.reason)) == (
        8,
        "Approved: 9. Still spare when it was ordered: 8.",
    )


def test_a_larger_margin_set_meanwhile_is_kept(approved, stock, cast):
    with stock.scope():
        right_sizing.set_margin(stock.product, 7, acting_user=cast.bob)
    assert turn(stock).removed == 5


def test_a_margin_that_somebody_is_setting_just_now_is_waited_for(approved, stock, cast):
    with ThreadPoolExecutor(1) as worker:
        with stock.scope():
            right_sizing.set_margin(stock.product, 12, acting_user=cast.adam)
            assert worker.submit(in_own_thread, stock).result(30).state == State.PLANNED
        assert "none is spare now" in str(turn(stock).reason)
    assert decrements(stock) == []


def in_own_thread(video) -> SizingPlan:
    try:
        return turn(video)
    finally:
        database.close()


def test_switching_off_and_placing_at_once_never_wait_for_each_other(approved, stock, cast):
    def switch_off() -> None:
        with stock.scope():
            right_sizing.set_margin(stock.product, None, acting_user=cast.adam)

    def place() -> None:
        right_sizing.take_turn(approved.tenant_id, approved.pk)

    at_once(lambda act: act(), [switch_off, place])
    plan = turn(stock)
    assert (plan.state, decrements(stock)) in [(State.CANCELLED, []), (State.PLACED, [9])]


def test_when_nothing_is_spare_it_waits_tells_once_and_ends_with_the_window(approved, stock):
    with stock.scope():
        Inventory.objects.update(available=3)
    for _ in range(3):
        plan = turn(stock)
    assert (plan.state, decrements(stock)) == (State.PLANNED, [])
    assert "none is spare now" in str(plan.reason)
    assert told(stock, "right_sizing_blocked") == [False]
    open_window(stock, closes_at=timezone.now() - timedelta(minutes=1))
    plan = turn(stock)
    assert (plan.state, plan.due_at) == (State.NOTHING, None)
    assert "none is spare now" in str(plan.reason)
    assert (told(stock, "right_sizing_blocked"), told(stock, "right_sizing_in_vain")) == ([True], [False])


def test_a_mirror_that_is_too_old_is_read_again_first(approved, stock):
    with stock.scope():
        Inventory.objects.update(read_at=timezone.now() - timedelta(hours=1))
        MirrorState.objects.update(due_at=timezone.now() + timedelta(hours=1))
    assert turn(stock).state == State.PLANNED
    with stock.scope():
        mirror = MirrorState.objects.get()
    assert mirror.asked_at is not None
    assert mirror.due_at <= timezone.now()
    stock.sync()
    assert turn(stock).state == State.PLACED


@pytest.mark.parametrize("status", [Status.SENDING, Status.UNKNOWN, Status.NEEDS_PERSON])
def test_while_an_outcome_is_open_in_its_lane_nothing_is_ordered(approved, stock, cast, status):
    with stock.scope():
        order = order_products(stock.product, "increment", 1, acting_user=cast.bob)
        Operation.objects.filter(pk=order.operation_id).update(status=status)
    assert turn(stock).state == State.PLANNED
    assert decrements(stock) == []


def test_an_unknown_outcome_that_is_settled_lets_it_go_on(approved, stock, cast):
    stock.control.add_fault("lost_answer", method="POST", path="/order", times=1)
    with stock.scope():
        order_products(stock.product, "increment", 1, acting_user=cast.bob)
    stock.work_once()
    assert turn(stock).state == State.PLANNED
    stock.let_time_pass()
    stock.work()
    stock.sync()
    plan = turn(stock)
    assert (plan.state, plan.removed) == (State.PLACED, 9)


def test_a_connection_that_is_switched_off_is_waited_for(approved, stock):
    with stock.scope():
        type(stock.connection).objects.update(enabled=False)
    assert turn(stock).state == State.PLANNED
    with stock.scope():
        type(stock.connection).objects.update(enabled=True)
    assert turn(stock).state == State.PLACED


# --- Telling people -----------------------------------------------------------------------------------------------


def test_people_are_told_in_the_last_days_and_it_is_over_once_decided(stock, cast):
    look_around(EARLY)
    assert told(stock, "right_sizing_proposed") == []
    near = MONTH.end - timedelta(days=2)
    look_around(near)
    look_around(near + timedelta(minutes=1))
    assert told(stock, "right_sizing_proposed") == [False]
    with stock.scope():
        plan = right_sizing.approve(stock.product, 9, form_key=uuid4(), now=near, acting_user=cast.bob)
        look_around(near)
        assert told(stock, "right_sizing_proposed") == [True]
        right_sizing.cancel(plan, acting_user=cast.bob)
    look_around(near)
    assert told(stock, "right_sizing_proposed") == [True], "who has said no is not asked again"


def test_nobody_is_told_of_what_is_free_of_charge_anyway(stock):
    with stock.scope():
        priced(2, free_units=50)
    look_around(MONTH.end - timedelta(days=2))
    assert told(stock, "right_sizing_proposed") == []
    with stock.scope():
        priced(2, free_units=11)
    look_around(MONTH.end - timedelta(days=2))
    assert told(stock, "right_sizing_proposed") == [False]


def test_people_are_told_before_the_month_of_their_contract_ends(stock):
    with stock.scope():
        priced(2, zone="Pacific/Auckland")
    look_around(MONTH.end - timedelta(minutes=1))
    assert told(stock, "right_sizing_proposed") == [], "in Auckland it is over, and the next one has just begun"
    look_around(MONTH.end - timedelta(days=2))
    assert told(stock, "right_sizing_proposed") == [False]


def test_nobody_is_told_of_what_is_off_or_in_use(stock, cast):
    with stock.scope():
        right_sizing.set_margin(stock.product, 12, acting_user=cast.bob)
    look_around(MONTH.end - timedelta(days=2))
    with stock.scope():
        right_sizing.set_margin(stock.product, None, acting_user=cast.bob)
    look_around(MONTH.end - timedelta(days=2))
    assert told(stock, "right_sizing_proposed") == []
