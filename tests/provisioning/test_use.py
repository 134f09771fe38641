"""How many products are in use is kept over time, beside the ledger: written when it changes, and read with the levels."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import psycopg
import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.closing import close, next_to_close
from portal.billing.meters import Level
from portal.billing.months import month, month_of
from portal.billing.peaks import Change, steps
from portal.billing.statements import document_of
from portal.tenancy.scope import tenant_scope
from provisioning.meters import levels_of, read
from provisioning.models import Inventory, Product, UseChange
from provisioning.movements import InUse, use_in
from provisioning.operations import create_subscriber, delete_subscriber, order_products
from tests.billing.samples import counted_product, months_ago, running_month
from tests.fixtures.database import superuser

NOVEMBER = month(2025, 11)


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2025, 11, day, hour, tzinfo=UTC)


def kept(product: Product) -> list[int]:
    return list(UseChange.objects.filter(product=product).order_by("at", "pk").values_list("in_use", flat=True))


# --- Written ------------------------------------------------------------------------------------------------------


@pytest.fixture
def anna(video, placed, cast):
    """Acme has five products, and Anna uses one."""
    placed(5)
    with video.scope():
        create_subscriber(video.product, "anna", acting_user=cast.bob)
    video.work()
    return video.subscribers()[0]


def test_each_change_of_use_is_one_row(video, anna, cast):
    with video.scope():
        assert kept(video.product) == [0, 1]
        delete_subscriber(anna, acting_user=cast.bob)
    video.work()
    with video.scope():
        assert kept(video.product) == [0, 1, 0]


def test_an_order_moves_the_stock_and_writes_no_use(video, anna, cast):
    with video.scope():
        order_products(video.product, "increment", 3, acting_user=cast.bob)
    video.work()
    with video.scope():
        assert (video.inventory.total, kept(video.product)) == (8, [0, 1])


def test_a_reading_that_finds_the_same_use_writes_nothing(video, anna):
    video.sync()
    with video.scope():
        assert kept(video.product) == [0, 1]


def test_what_was_made_elsewhere_is_in_use_from_the_reading_on(video, anna):
    video.control.subscribe_behind(video.client_id, "veteran")
    video.sync()
    with video.scope():
        last = UseChange.objects.latest("at", "pk")
        assert (last.in_use, last.at) == (2, video.inventory.read_at)


def test_clocks_that_disagree_put_no_row_before_the_one_it_follows(video, anna):
    with video.scope():
        long_ago = timezone.now() - timedelta(days=1)
        Inventory.objects.update(available=1, read_at=long_ago)
        first, second, third = UseChange.objects.order_by("pk")
    assert first.at < second.at == third.at
    assert third.in_use == 4


@pytest.mark.django_db(transaction=True)
def test_stock_from_before_use_was_kept_begins_with_its_number(cast):
    migration = import_module("provisioning.migrations.0010_use_changes")
    with tenant_scope(cast.acme.pk):
        product = counted_product(cast.acme, cast.bob, [10])
    superuser().execute("delete from provisioning_usechange")
    with psycopg.connect(superuser().info.dsn) as owner:
        owner.execute("set role portal_owner")
        for statement in migration.BEGIN_NOW:
            owner.execute(statement)
    with tenant_scope(cast.acme.pk):
        assert kept(product) == [7]


# --- Read -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def acme(cast, db):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


def used(product: Product, at: datetime, count: int) -> None:
    UseChange.objects.create(tenant_id=product.tenant_id, product=product, at=at, in_use=count)


def test_a_reading_has_a_level_wherever_stock_or_use_changed(acme, cast):
    product = counted_product(acme, cast.bob, [10, 12])
    began = months_ago(1)
    used(product, began - timedelta(days=1), 4)
    used(product, began + timedelta(days=2), 6)
    used(product, began + timedelta(days=3), 5)
    (reading,) = read(acme.pk, month_of(began))
    assert [(level.total, level.in_use) for level in reading.levels] == [(10, 4), (10, 6), (10, 5)]
    assert (reading.value, reading.highest_use) == (10, 6)
    assert [level.at for level in reading.levels] == [began, began + timedelta(days=2), began + timedelta(days=3)]


def test_a_month_in_which_keeping_began_has_no_highest_use(acme, cast):
    product = counted_product(acme, cast.bob, [10, 12])
    used(product, months_ago(1) + timedelta(days=5), 4)
    (reading,) = read(acme.pk, month_of(months_ago(1)))
    assert [level.in_use for level in reading.levels] == [None, 4]
    assert reading.highest_use is None


def test_use_moves_no_peak_and_no_cost(acme, cast):
    product = counted_product(acme, cast.bob, [10, 12])
    before = read(acme.pk, month_of(months_ago(1)))[0]
    used(product, months_ago(1) + timedelta(days=5), 400)
    after = read(acme.pk, month_of(months_ago(1)))[0]
    assert (before.value, before.at_most, before.moments) == (after.value, after.at_most, after.moments)


def test_a_chart_begins_with_what_was_in_use_then(acme, cast):
    product = counted_product(acme, cast.bob, [10])
    used(product, on(1) - timedelta(days=400), 1)
    used(product, NOVEMBER.start, 2)
    used(product, on(4), 3)
    used(product, NOVEMBER.end, 9)
    assert use_in(product, NOVEMBER) == [InUse(NOVEMBER.start, 2), InUse(on(4), 3)]


def test_a_closed_statement_keeps_what_was_in_use(acme, cast):
    product = counted_product(acme, cast.bob, [10, 12])
    used(product, months_ago(1) - timedelta(days=1), 4)
    statement = close(acme, next_to_close(acme, running_month()), acting_user=None)
    used(product, months_ago(1) + timedelta(days=9), 8)
    (line,) = document_of(statement).lines
    assert line.reading.highest_use == 4
    assert f",{line.reading.levels[0].total},4]" in statement.canonical


def test_what_nobody_uses_is_what_removing_saves(client, cast):
    with tenant_scope(cast.acme.pk):
        counted_product(cast.acme, cast.bob, [10, 12])
    client.force_login(cast.bill)
    told = client.get(reverse("billing:month", args=["acme"])).content.decode()
    assert "(9 in use)" in told
    assert "3 are not in use: €\u00a030.00" in told
    assert "pb-chart-second" in told


def test_the_overview_draws_it(client, cast):
    with tenant_scope(cast.acme.pk):
        counted_product(cast.acme, cast.bob, [10, 12])
    client.force_login(cast.vera)
    assert "In use</li>" in client.get(reverse("provisioning:dashboard", args=["acme"])).content.decode()


# --- Both together --------------------------------------------------------------------------------------------------

hours = st.integers(0, 700)
moves = st.lists(st.tuples(hours, st.integers(-20, 20)), max_size=12)


@given(moves, st.lists(st.tuples(hours, st.integers(0, 40)), max_size=12, unique_by=lambda each: each[0]))
def test_levels_say_of_each_instant_what_both_histories_say(changes, use):
    found = steps([Change(NOVEMBER.start + timedelta(hours=at), by) for at, by in changes], NOVEMBER, opening=300)
    counts = [InUse(NOVEMBER.start + timedelta(hours=at), count) for at, count in sorted(use)]
    levels = levels_of(found, counts)
    assert sorted({level.at for level in levels}) == sorted({each.at for each in [*found, *counts]})
    for level in levels:
        last = [each for each in levels if each.at == level.at][-1]
        assert last.total == [step.level for step in found if step.at <= level.at][-1]
        assert last.in_use == ([each.count for each in counts if each.at <= level.at] or [None])[-1]
    assert max(level.total for level in levels) == max(step.level for step in found)


def test_several_changes_of_one_instant_all_stand_there():
    found = steps([Change(on(5), 7), Change(on(5), -7)], NOVEMBER, opening=10)
    assert levels_of(found, [InUse(NOVEMBER.start, 2), InUse(on(5), 3)]) == [
        Level(NOVEMBER.start, 10, 2),
        Level(on(5), 17, 2),
        Level(on(5), 10, 3),
    ]
