"""The background of bulk work: it goes on after a worker died, and forgets what is old."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from portal.bulk import work
from portal.bulk.models import Batch, BatchRow
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from portal.turns import due

pytestmark = pytest.mark.django_db(transaction=True)

THREE = "username\nnoor\nsam\nanna\n"


def test_a_worker_that_died_holds_it_up_for_its_lease_and_no_longer(office):
    batch = office.checked(THREE)
    office.press("start", batch)
    with office.video.scope():
        Batch.objects.filter(pk=batch.pk).update(lease_until=Now() + timedelta(seconds=30))
    assert due(Batch) == []
    work.take_turn(batch.tenant_id, batch.pk)
    assert office.batch().promised == 0
    office.let_time_pass()
    office.work()
    assert office.batch().promised == 3


def test_two_workers_promise_each_row_once(office, monkeypatch):
    monkeypatch.setattr("portal.bulk.promising.CHUNK", 1)
    batch = office.checked(THREE)
    office.press("start", batch)
    for _ in range(3):
        office.let_time_pass()
        work.take_turn(batch.tenant_id, batch.pk)
        work.take_turn(batch.tenant_id, batch.pk)
    assert office.finish().outcomes == {"done": 3}
    assert len(office.video.subscribers()) == 3


def test_nothing_goes_on_while_the_company_is_suspended(office):
    batch = office.checked(THREE)
    office.press("start", batch)
    with staff_scope():
        Tenant.objects.filter(slug="acme").update(state=Tenant.State.SUSPENDED)
    assert due(Batch) == []
    work.take_turn(batch.tenant_id, batch.pk)
    assert office.batch().promised == 0


def age(office, **fields) -> None:
    with office.video.scope():
        Batch.objects.update(**{name: timezone.now() - timedelta(days=31) for name in fields})


def test_rows_are_deleted_a_month_after_the_end_and_the_numbers_stay(office):
    batch = office.checked(THREE)
    office.press("start", batch)
    office.finish()
    assert work.empty_old() == 0
    age(office, ended_at=True)
    assert work.empty_old() == 1
    assert office.rows(batch) == []
    assert office.batch().outcomes == {"done": 3}
    page = office.page(batch)
    assert "deleted 30 days after the end" in page
    assert "3 of 3" in page
    assert work.empty_old() == 0


def test_what_nobody_started_is_let_go_after_a_month(office):
    batch = office.checked(THREE)
    age(office, created_at=True)
    work.empty_old()
    assert office.batch().state == "discarded"
    assert office.rows(batch) == []


def test_what_still_runs_keeps_its_rows(office):
    office.press("start", office.checked(THREE))
    office.work()
    age(office, created_at=True, started_at=True)
    assert work.empty_old() == 0
    with office.video.scope():
        assert BatchRow.objects.count() == 3
