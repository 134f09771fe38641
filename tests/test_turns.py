"""Long work in turns: each step once, whoever takes it and whoever dies."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.lists.models import Export
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.turns import due, take_turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def work(cast):
    """A row of Acme that has work to do now; any row of `Turns` would do."""
    return work_of(cast.acme, cast.alice)


def work_of(tenant: Tenant, person, **fields) -> Export:
    with tenant_scope(tenant.pk):
        return Export.objects.create(
            tenant=tenant, list_key="x", asked_by=person, form_key=uuid4(), due_at=timezone.now(), **fields
        )


def as_it_is(work: Export) -> Export:
    with tenant_scope(work.tenant_id):
        return Export.objects.get(pk=work.pk)


def set_back(work: Export, **fields) -> None:
    with tenant_scope(work.tenant_id):
        Export.objects.filter(pk=work.pk).update(**fields)


def count_a_row(work: Export, *, until: int = 3):
    """A step that commits one more row, and ends the work at `until`."""
    Export.objects.filter(pk=work.pk).update(rows=work.rows + 1)
    return timedelta() if work.rows + 1 < until else None


def test_a_turn_takes_steps_until_nothing_is_left(work):
    assert take_turn(Export, work.tenant_id, work.pk, count_a_row) is None
    done = as_it_is(work)
    assert (done.rows, done.due_at, done.lease_until) == (3, None, None)


def test_what_is_done_is_not_taken_again(work):
    take_turn(Export, work.tenant_id, work.pk, count_a_row)
    take_turn(Export, work.tenant_id, work.pk, count_a_row)
    assert as_it_is(work).rows == 3


def test_a_long_work_lets_others_have_the_thread(work, monkeypatch):
    monkeypatch.setattr("portal.turns.TURN_SECONDS", 0)
    assert take_turn(Export, work.tenant_id, work.pk, count_a_row) == timedelta()
    assert as_it_is(work).rows == 1
    assert due(Export) == [(work.tenant_id, work.pk)]


def test_nobody_takes_a_turn_while_another_has_it(work):
    def somebody_else_comes(row: Export):
        assert take_turn(Export, row.tenant_id, row.pk, count_a_row) is None
        return count_a_row(row, until=1)

    take_turn(Export, work.tenant_id, work.pk, somebody_else_comes)
    assert as_it_is(work).rows == 1


def test_a_step_that_fails_leaves_nothing_behind_and_is_taken_again_after_the_lease(work):
    def fails_at_the_end(row: Export):
        count_a_row(row)
        raise RuntimeError("the worker dies here")

    with pytest.raises(RuntimeError):
        take_turn(Export, work.tenant_id, work.pk, fails_at_the_end)
    left = as_it_is(work)
    assert (left.rows, left.lease_until is None) == (0, False)
    assert due(Export) == []
    set_back(work, lease_until=timezone.now() - timedelta(seconds=1))
    assert due(Export) == [(work.tenant_id, work.pk)]
    take_turn(Export, work.tenant_id, work.pk, count_a_row)
    assert as_it_is(work).rows == 3


def test_a_step_may_ask_to_wait(work):
    wait = take_turn(Export, work.tenant_id, work.pk, lambda _row: timedelta(minutes=1))
    assert wait == timedelta(minutes=1)
    assert due(Export) == []
    set_back(work, due_at=timezone.now())
    assert due(Export) == [(work.tenant_id, work.pk)]


def test_the_sweep_lets_each_company_have_its_turn(cast, work):
    second = work_of(cast.acme, cast.alice)
    other = work_of(cast.globex, cast.charlie)
    assert [tenant for tenant, _ in due(Export)][:2] == [cast.acme.pk, cast.globex.pk]
    assert {pk for _, pk in due(Export)} == {work.pk, second.pk, other.pk}


def test_nothing_is_done_for_a_suspended_company(cast, work):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    assert due(Export) == []
    take_turn(Export, work.tenant_id, work.pk, count_a_row)
    assert as_it_is(work).rows == 0


def test_a_row_of_another_company_is_not_touched(cast, work):
    take_turn(Export, cast.globex.pk, work.pk, count_a_row)
    assert as_it_is(work).rows == 0
