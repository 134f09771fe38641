"""The engine's promises: claimed once, lost never, settled by looking and not by hoping."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from portal.operations import engine, sweeper
from portal.operations.models import HOLDING, Attempt, Operation, Status
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning.models import Order
from provisioning.operations import order_products

Outcome = Attempt.Outcome


@pytest.fixture
def promised(video, cast):
    def promise(*quantities: int) -> list[Operation]:
        with video.scope():
            return [
                order_products(video.product, "increment", quantity, acting_user=cast.bob).operation
                for quantity in quantities
            ]

    return promise


def lane(video) -> tuple[int, int, str]:
    with video.scope():
        return (video.tenant.pk, video.connection.pk, video.product.lane)


def status_of(operation: Operation) -> str:
    with tenant_scope(operation.tenant_id):
        return Operation.objects.get(pk=operation.pk).status


def outcomes(operation: Operation) -> list[tuple[str, str]]:
    with tenant_scope(operation.tenant_id):
        return list(Attempt.objects.filter(operation=operation).values_list("purpose", "outcome"))


def in_threads(count: int, function) -> list:
    """The results of `function` called at once in so many threads, each with a connection of its own."""
    ready = threading.Barrier(count)

    def run():
        ready.wait()
        try:
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(count)]]


def test_of_many_workers_exactly_one_gets_a_claim(video, promised):
    promised(1)
    target = lane(video)
    claims = in_threads(8, lambda: engine.claim(*target))
    assert sum(claim is not None for claim in claims) == 1


def test_of_many_operations_in_a_lane_one_is_under_way(video, promised):
    promised(1, 2, 3, 4)
    target = lane(video)
    claims = in_threads(8, lambda: engine.claim(*target))
    assert [claim.operation.label[:2] for claim in claims if claim] == ["+1"]


def test_the_database_itself_refuses_a_second_one_under_way(video, promised):
    first, second = promised(1, 2)
    with pytest.raises(IntegrityError, match="one_under_way_per_lane"), video.scope():
        Operation.objects.filter(pk__in=[first.pk, second.pk]).update(status=Status.SENDING)


@pytest.mark.parametrize("status", HOLDING)
def test_a_lane_is_held_by_whatever_is_not_known_to_have_ended(video, promised, status):
    first, _second = promised(1, 2)
    with video.scope():
        Operation.objects.filter(pk=first.pk).update(status=status)
    assert engine.claim(*lane(video)) is None


def test_a_worker_that_never_comes_back_leaves_an_unknown_outcome(video, promised):
    (operation,) = promised(5)
    assert engine.claim(*lane(video))
    video.let_time_pass()
    with staff_scope():
        sweeper.expire_leases()
    assert status_of(operation) == Status.UNKNOWN
    assert outcomes(operation) == [("send", Outcome.UNKNOWN)]


def test_a_lease_that_runs_is_left_alone(video, promised):
    (operation,) = promised(5)
    engine.claim(*lane(video))
    with staff_scope():
        sweeper.expire_leases()
    assert status_of(operation) == Status.SENDING


def test_a_worker_that_died_before_reading_anything_proves_that_nothing_left(video, promised):
    (operation,) = promised(5)
    engine.claim(*lane(video))
    video.let_time_pass()
    video.work()
    assert outcomes(operation) == [("send", Outcome.UNKNOWN), ("look", Outcome.ABSENT), ("send", Outcome.DONE)]
    assert video.effects("order_taken") == 1


def test_an_answer_that_comes_while_unknown_settles_it(video, promised):
    """The worker was slow, not dead: its answer is the best proof there is."""
    (operation,) = promised(5)
    work = engine.claim(*lane(video))
    video.let_time_pass()
    with staff_scope():
        sweeper.expire_leases()
    engine.carry_out(work)
    assert status_of(operation) == Status.DONE
    assert video.effects("order_taken") == 1


def test_a_worker_frozen_past_its_lease_sends_nothing(video, promised, settings):
    settings.OPERATION_LEASE_SECONDS = -60
    (operation,) = promised(5)
    work = engine.claim(*lane(video))
    engine.carry_out(work)
    assert video.effects("order_taken") == 0
    assert status_of(operation) == Status.WAITING


def test_an_answer_after_somebody_sent_again_decides_nothing(video, promised):
    (operation,) = promised(5)
    slow = engine.claim(*lane(video))
    with video.scope():
        Operation.objects.filter(pk=operation.pk).update(status=Status.WAITING)
    quick = engine.claim(*lane(video))
    engine.carry_out(quick)
    engine._finish_with_answer(slow, answer=object())
    assert outcomes(operation) == [("send", Outcome.LATE), ("send", Outcome.DONE)]
    assert [order.status for order in video.orders()] == [Order.Status.FULFILLED]


def test_an_answer_that_cannot_be_absorbed_is_unknown_and_then_found(video, promised, monkeypatch):
    """Our own mistake after the vendor did it must not make us send again."""
    (operation,) = promised(5)
    broken = [True]
    real = engine.absorb_of

    def absorb_once_broken(operation):
        return (lambda *_: 1 / 0) if broken and broken.pop() else real(operation)

    monkeypatch.setattr(engine, "absorb_of", absorb_once_broken)
    video.work()
    assert status_of(operation) == Status.DONE
    assert video.effects("order_taken") == 1


def test_a_vendor_is_never_called_inside_a_transaction(video, promised):
    promised(5)
    work = engine.claim(*lane(video))
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        engine.carry_out(work)
    assert video.effects("order_taken") == 0


def test_a_busy_tenant_leaves_workers_to_the_others(video, promised, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 0
    promised(5)
    assert engine.claim(*lane(video)) is None


def test_a_sweep_rings_for_one_tenant_after_the_other(cast, sandbox, quick_vendor, transactional_db):
    """Acme has three busy lanes, Globex one: Globex is rung for second, not fourth."""
    from tests.fixtures.video import SECRET, Video, make_connection

    sandbox.control.put_account("a", SECRET)
    acme, globex = Video(cast.acme, "a", sandbox), Video(cast.globex, "a", sandbox)
    connections = [acme.connection]
    with acme.scope():
        connections += [make_connection(cast.acme, "a", sandbox, name) for name in ("Second", "Third")]
    for tenant, its_connections in ((cast.acme, connections), (cast.globex, [globex.connection])):
        from provisioning import sync
        from provisioning.models import Product

        for each in its_connections:
            sync.read_connection(tenant.pk, each.pk)
            with tenant_scope(tenant.pk):
                product = Product.objects.select_related("connection__tenant").get(connection=each)
                order_products(product, "increment", 1, acting_user=None)
    with staff_scope():
        rung = [tenant_id for tenant_id, _connection, _lane in sweeper.due_lanes()]
    assert sorted(rung[:2]) == sorted([cast.acme.pk, cast.globex.pk])
    assert len(rung) == 4


def test_a_disabled_connection_and_a_quiet_one_are_not_rung_for(video, promised):
    promised(5)
    with video.scope():
        video.connection.enabled = False
        video.connection.save()
    with staff_scope():
        assert sweeper.due_lanes() == []
    assert engine.claim(*lane(video)) is None


def test_what_waits_for_its_time_is_not_claimed(video, promised):
    (operation,) = promised(5)
    with video.scope():
        Operation.objects.filter(pk=operation.pk).update(due_at="2999-01-01T00:00:00Z")
    assert engine.claim(*lane(video)) is None


def test_back_off_doubles_with_jitter_and_has_a_ceiling(settings):
    settings.OPERATION_BACKOFF_SECONDS = 5
    for failures, full in ((0, 5), (1, 10), (4, 80), (40, 300)):
        delays = {engine.backoff(failures).total_seconds() for _ in range(50)}
        assert full / 2 <= min(delays) <= max(delays) <= full
        assert len(delays) > 1
