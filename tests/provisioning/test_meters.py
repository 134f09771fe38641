"""Products as meters of the statement: what a month showed, what stands in the way of closing it, the terms in force."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.billing.meters import Reading, meter_kind
from portal.billing.months import month, month_of
from portal.billing.peaks import Period
from portal.operations.models import Operation, Status
from provisioning.meters import KEY, VideoMeters, apply, blockers, history, read
from provisioning.models import Drift, InventoryChange, MirrorState, Order, Product
from tests.provisioning.samples import some_connection, some_difference, some_order, some_subscriber, stocked_product

OCTOBER, NOVEMBER, DECEMBER = month(2026, 10), month(2026, 11), month(2026, 12)


def on(month_number: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month_number, day, hour, tzinfo=UTC)


@pytest.fixture
def product(cast, db, at_acme) -> Product:
    """100 on 10 October; Bob orders 20 in November, which come and go twice."""
    with at_acme():
        product = Product.objects.get(connection=some_connection(cast.acme, "Video"))
        order = some_order(product, cast.bob, "ORD-7", status="fulfilled", operation_status=Status.DONE)
        for number, (at, by, cause, of_order) in enumerate(
            [
                (on(10, 10), 100, "opening", None),
                (on(11, 5), 20, "order", order),
                (on(11, 7), -20, "order", None),
                (on(11, 20), 20, "reconcile", None),
                (on(11, 21), -30, "order", None),
            ],
            1,
        ):
            InventoryChange.objects.create(
                tenant=cast.acme, product=product, sequence=number, quantity=by, level=0, cause=cause, order=of_order,
                vendor_at=None if cause == "reconcile" else at, recorded_at=at,
            )  # fmt: skip
    return product


def the_reading(product: Product, period: Period):
    (reading,) = read(product.tenant_id, period, [product.pk])
    return reading


def test_a_reading_says_all_that_a_statement_needs(product, at_acme):
    with at_acme():
        reading = the_reading(product, NOVEMBER)
    assert (reading.opening, reading.closing, reading.value, reading.at_most) == (100, 90, 120, 120)
    assert (reading.reached_at, reading.by_vendors_clock) == (on(11, 5), True)
    assert (reading.order, reading.person) == ("ORD-7", "Bob")
    assert reading.moments == [on(11, 5), on(11, 20)]
    assert (reading.lasted, reading.days) == (timedelta(days=3), 5)
    assert [level.total for level in reading.levels] == [100, 120, 100, 120, 90]
    assert reading.label == f"Video: {product.name}"


def test_a_month_without_changes_is_read_as_it_was_carried(product, at_acme):
    with at_acme():
        reading = the_reading(product, DECEMBER)
    assert (reading.opening, reading.closing, reading.value, reading.reached_at) == (90, 90, 90, None)


def test_in_the_month_in_which_the_ledger_began_levels_are_told_from_then_on(product, at_acme):
    with at_acme():
        reading = the_reading(product, OCTOBER)
        assert read(product.tenant_id, month(2026, 9)) == []
    assert (reading.opening, reading.value, reading.reached_at) == (0, 100, on(10, 10))
    assert [level.at for level in reading.levels] == [on(10, 10)]


def test_a_month_of_another_zone_is_read_by_its_own_edges(product, at_acme):
    auckland = ZoneInfo("Pacific/Auckland")
    with at_acme():
        InventoryChange.objects.create(
            tenant_id=product.tenant_id, product=product, sequence=6, quantity=7, level=0, cause="order",
            recorded_at=datetime(2026, 10, 31, 12, tzinfo=UTC),
        )  # fmt: skip
        theirs, ours = the_reading(product, month(2026, 11, auckland)), the_reading(product, NOVEMBER)
        told = history(product.tenant_id, [month(2026, number, auckland) for number in (9, 10, 11)])
    # Late on 31 October here, it was November there.
    assert (theirs.opening, theirs.value, ours.opening, ours.value) == (100, 127, 107, 127)
    assert told == {product.pk: [None, 100, 127]}


def test_the_history_is_what_the_readings_say(product, at_acme):
    periods = [month(2026, number) for number in (9, 10, 11, 12)]
    with at_acme():
        assert meter_kind(KEY).history(product.tenant_id, periods) == {product.pk: [None, 100, 120, 90]}


def test_an_order_on_its_way_is_in_the_upper_bound_of_its_month(product, at_acme, cast):
    with at_acme():
        order = some_order(product, cast.bob, "ORD-8", status="pending", operation_status=Status.DONE)
        Order.objects.filter(pk=order.pk).update(created_at=on(12, 3))
        november, december = the_reading(product, NOVEMBER), the_reading(product, DECEMBER)
    assert (november.value, november.at_most, list(november.unsettled)) == (120, 120, [])
    assert (december.value, december.at_most) == (90, 90 + order.quantity)
    assert [(one.text, one.quantity, one.condition) for one in december.unsettled] == [
        ("ORD-8", order.quantity, "pending")
    ]


def test_more_products_cost_no_more_queries(product, at_acme, cast):
    def queries() -> int:
        with at_acme(), CaptureQueriesContext(connection) as asked:
            read(cast.acme.pk, NOVEMBER)
        return len(asked)

    alone = queries()
    with at_acme():
        for name in ("One", "Two", "Three"):
            stocked_product(cast.acme, total=10, name=name)
    assert queries() == alone == 2


def test_months_that_are_read_together_are_those_that_are_read_alone(product, at_acme, cast):
    auckland = ZoneInfo("Pacific/Auckland")
    periods = [*(month(2026, number) for number in (9, 10, 11, 12)), month(2026, 11, auckland), month(2026, 10, UTC)]
    with at_acme():
        order = some_order(product, cast.bob, "ORD-8", status="pending", operation_status=Status.DONE)
        Order.objects.filter(pk=order.pk).update(created_at=on(11, 3))
        together = VideoMeters(cast.acme.pk, periods[0].start.date())
        with CaptureQueriesContext(connection) as asked:
            readings = together.read([(period, None) for period in periods])
            history_then = together.history(periods[:4])
        assert [at_rest(each) for each in readings] == [at_rest(read(cast.acme.pk, period)) for period in periods]
        assert history_then == history(cast.acme.pk, periods[:4])
        zoned = VideoMeters(cast.acme.pk, periods[0].start.date())
        assert zoned.history([periods[4]]) == history(cast.acme.pk, [periods[4]])
        assert at_rest(zoned.read([(periods[3], None)])[0]) == at_rest(readings[3])
    assert len(asked) == 2


def at_rest(readings: list[Reading]) -> list[Reading]:
    """Without how long the peak was held, which goes on while a test runs."""
    return [replace(reading, lasted=timedelta()) for reading in readings]


# --- Closing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(cast, db, at_acme) -> Product:
    """Ten products, read just now; nothing is on its way."""
    with at_acme():
        return stocked_product(cast.acme, total=10)


@pytest.fixture
def this_month() -> Period:
    return month_of(timezone.now())


@pytest.fixture
def over(stocked, this_month, at_acme) -> Period:
    """This month, as seen when it is over: the vendor was read after its end."""
    with at_acme():
        MirrorState.objects.update(read_at=this_month.end + timedelta(minutes=5))
    return this_month


def texts(product: Product, period: Period, at_acme) -> list[str]:
    with at_acme():
        return [str(blocker.text) for blocker in blockers(product.tenant_id, period)]


def test_when_all_has_ended_and_was_read_since_nothing_is_in_the_way(stocked, over, at_acme):
    assert texts(stocked, over, at_acme) == []


def test_a_mirror_that_is_older_than_the_months_end_is_in_the_way(stocked, this_month, at_acme):
    (text,) = texts(stocked, this_month, at_acme)
    assert "has not been read since the month ended" in text


def test_an_order_on_its_way_is_in_the_way_of_its_month_only(stocked, over, at_acme, cast):
    with at_acme():
        order = some_order(stocked, cast.bob, "ORD-9", status="pending", operation_status=Status.DONE)
        assert [str(blocker.text) for blocker in blockers(cast.acme.pk, over)] == [
            "The order ORD-9 has not been fulfilled or refused yet."
        ]
        Order.objects.filter(pk=order.pk).update(created_at=over.end)
    assert texts(stocked, over, at_acme) == []


def test_an_outcome_in_the_products_lane_that_nobody_knows_is_in_the_way(stocked, over, at_acme, cast):
    with at_acme():
        some_subscriber(stocked, cast.bob, "anna")
        Operation.objects.update(status=Status.UNKNOWN)
    assert texts(stocked, over, at_acme) == ["“anna” has not ended: Outcome unknown."]


def test_a_difference_that_nobody_decided_is_in_the_way_unless_it_moves_no_peak(stocked, over, at_acme, cast):
    with at_acme():
        difference = some_difference(stocked)
        Drift.objects.filter(pk=difference.pk).update(kind="total")
        (blocker,) = blockers(cast.acme.pk, over)
        assert blocker.url.endswith(f"/differences/{difference.pk}/")
        Drift.objects.filter(pk=difference.pk).update(kind="in_use")
    assert texts(stocked, over, at_acme) == []


def test_before_a_ledger_began_nothing_is_in_the_way(stocked, at_acme):
    assert texts(stocked, month(2020, 1), at_acme) == []


# --- Terms --------------------------------------------------------------------------------------------------------


def test_the_terms_in_force_are_kept_with_the_product(stocked, at_acme):
    with at_acme():
        apply(stocked.pk, Decimal("1.2345"), Decimal("500.00"))
        stocked.refresh_from_db()
    assert (stocked.unit_price, stocked.limit_eur) == (Decimal("1.2345"), Decimal("500.00"))
