"""What was approved is ordered once, whoever dies; and it is known what came of it."""

import sys
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.billing.months import month_of
from portal.local.processes import wait_until
from portal.operations.models import Status
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from provisioning import right_sizing
from provisioning.models import Product, SizingPlan
from provisioning.operations import NotPromised
from tests.fixtures.processes import process_log
from tests.provisioning.samples import priced, unpriced
from tests.provisioning.sizing import (
    EARLY,
    as_it_is,
    at_once,
    decrements,
    open_window,
    taken_by_the_vendor,
    told,
    turn,
)

State = SizingPlan.State


@pytest.fixture
def process_env(process_env):
    """Beat does not let a test wait."""
    return process_env | {"RIGHT_SIZING_TICK_SECONDS": "0.5", "SWEEP_SECONDS": "0.5", "SYNC_TICK_SECONDS": "0.5"}


# --- Exactly once -------------------------------------------------------------------------------------------------


def test_two_workers_at_once_order_it_once(approved, stock):
    at_once(lambda _worker: right_sizing.take_turn(approved.tenant_id, approved.pk), range(4))
    stock.work()
    assert (decrements(stock), taken_by_the_vendor(stock)) == ([9], [9])


KILLED = """
import os, signal, sys
import django
django.setup()
from provisioning import right_sizing
from provisioning.right_sizing import placing
placing.{function} = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
right_sizing.take_turn({tenant}, {plan})
"""


@pytest.mark.parametrize("function", ["_ordered", "_placed", "record"])
def test_a_worker_that_is_killed_half_way_leaves_it_to_be_ordered_once(approved, stock, start_process, function):
    code = KILLED.format(function=function, tenant=approved.tenant_id, plan=approved.pk)
    assert start_process("killed", sys.executable, "-c", code).wait(30) == -9
    assert decrements(stock) == [], "nothing of a step that was not finished is kept"
    assert turn(stock).state == State.PLACED
    assert turn(stock).state == State.PLACED
    stock.work()
    assert taken_by_the_vendor(stock) == [9]


def test_what_an_earlier_turn_ordered_is_taken_over_and_not_ordered_again(approved, stock):
    order = turn(stock).order
    with stock.scope():
        SizingPlan.objects.update(state=State.PLANNED, order=None)
        Product.objects.update(right_size_margin=0)
    assert turn(stock).order == order
    assert decrements(stock) == [9]


def test_the_background_finds_it_by_itself(approved, stock, worker):
    wait_until(
        lambda: taken_by_the_vendor(stock) == [9], worker, what="the removal", log=process_log("worker"), seconds=30
    )
    assert as_it_is(stock).state == State.PLACED


# --- Taking it back -----------------------------------------------------------------------------------------------


def test_cancelled_in_time_nothing_is_removed_and_the_month_is_free_again(approved, stock, cast):
    with stock.scope():
        right_sizing.cancel(approved, acting_user=cast.adam)
    turn(stock)
    assert decrements(stock) == []
    with stock.scope():
        right_sizing.approve(stock.product, 4, form_key=uuid4(), now=EARLY, acting_user=cast.bob)


def test_what_is_ordered_is_not_cancelled_any_more(approved, stock, cast):
    turn(stock)
    with stock.scope(), pytest.raises(NotPromised, match="no longer be cancelled"):
        right_sizing.cancel(approved, acting_user=cast.bob)


def test_switched_off_the_planned_removal_is_cancelled(approved, stock, cast):
    with stock.scope():
        right_sizing.set_margin(stock.product, None, acting_user=cast.bob)
    assert turn(stock).state == State.CANCELLED
    assert decrements(stock) == []


def test_a_suspended_company_orders_nothing(approved, stock):
    with staff_scope():
        Tenant.objects.filter(pk=stock.tenant.pk).update(state="suspended")
    assert right_sizing.due_plans() == []
    assert turn(stock).state == State.PLANNED


# --- What came of it ----------------------------------------------------------------------------------------------


def removed(video) -> SizingPlan:
    """Ordered, carried out, and the month is over."""
    turn(video)
    video.work()
    open_window(video, month_end=timezone.now())
    return turn(video)


def test_the_saving_is_kept_when_the_next_month_has_begun(approved, stock):
    plan = removed(stock)
    assert (plan.state, plan.saved_eur) == (State.SAVING, Decimal(18))


@pytest.mark.parametrize(("free_units", "saved"), [(5, 14), (12, 0)])
def test_only_what_would_have_been_charged_was_saved(approved, stock, free_units, saved):
    with stock.scope():
        priced(2, free_units=free_units)
    assert removed(stock).saved_eur == saved


def test_without_a_price_the_saving_stays_unknown(approved, stock):
    with stock.scope():
        unpriced()
    plan = removed(stock)
    assert (plan.state, plan.saved_eur) == (State.SAVING, None)


def test_what_is_ordered_again_in_that_month_saved_nothing(approved, stock, placed):
    removed(stock)
    placed(4)
    assert turn(stock).saved_eur == Decimal(10)
    placed(20)
    assert turn(stock).saved_eur == 0


def test_the_report_is_final_when_that_month_is_over(approved, stock):
    plan = removed(stock)
    plan = turn(stock, now=month_of(plan.month_end).end + timedelta(days=2))
    assert (plan.state, plan.saved_eur, plan.due_at) == (State.DONE, Decimal(18), None)


def test_carried_out_after_the_month_it_saved_nothing(approved, stock):
    turn(stock)
    open_window(stock, month_end=timezone.now() - timedelta(hours=1))
    stock.work()
    plan = turn(stock)
    assert (plan.state, plan.saved_eur) == (State.DONE, 0)
    assert "after the month had ended" in str(plan.reason)


def test_what_has_not_left_when_the_month_ends_is_withdrawn(approved, stock):
    turn(stock)
    open_window(stock, month_end=timezone.now())
    plan = turn(stock)
    assert (plan.state, plan.due_at, stock.operation().status) == (State.FAILED, None, Status.CANCELLED)
    stock.work()
    assert taken_by_the_vendor(stock) == []
    assert told(stock, "right_sizing_in_vain") == [False]


def test_refused_by_the_vendor_it_is_told(approved, stock):
    turn(stock)
    stock.control.add_fault("status", status=403, method="POST", path="/order", times=1)
    stock.work()
    plan = turn(stock)
    assert (plan.state, told(stock, "right_sizing_in_vain")) == (State.FAILED, [False])
