"""What the demo shows is true: it was promised by people, carried out by a worker, and is what the vendor has."""

import time

import pytest
from django.core.management.base import CommandError

from portal.audit.models import Entry
from portal.billing.contracts import today
from portal.billing.lines import before
from portal.billing.models import Statement
from portal.operations.models import Operation, Status
from portal.tenancy.demo import load_companies_and_people
from portal.tenancy.scope import staff_scope
from portal.vendors.models import Connection
from provisioning import demo, ledger
from provisioning.models import Drift, Order, Product, Subscriber


@pytest.fixture
def companies(transactional_db, sandbox, settings, monkeypatch):
    settings.KANDY_BASE_URL, settings.KPN_TOKEN_URL = sandbox.kandy_url, sandbox.token_url
    monkeypatch.setenv("SANDBOX_URL", sandbox.control.base_url)
    monkeypatch.setenv("SANDBOX_CONTROL_TOKEN", sandbox.control_token)
    return load_companies_and_people()


def rows() -> dict[str, int]:
    with staff_scope():
        kinds = (Connection, Operation, Order, Subscriber, Statement, Entry)
        return {kind.__name__: kind.objects.count() for kind in kinds}


def difference_noted() -> bool:
    with staff_scope():
        return Drift.objects.open().filter(kind=Drift.Kind.TOTAL, ours=77, theirs=80).exists()


def statuses() -> set[str]:
    with staff_scope():
        return set(Operation.objects.values_list("status", flat=True))


def test_it_drives_real_activity_and_a_second_load_changes_nothing(companies, worker, control):
    demo.load(companies)

    # What is unknown is under way for as long as it is being looked up.
    assert demo._until(lambda: statuses() >= {Status.DONE, Status.REFUSED, Status.UNKNOWN}, time.monotonic() + 30)
    with staff_scope():
        acme = Product.objects.get(connection__tenant__slug="acme", connection__name="Video")
        assert Order.objects.filter(status=Order.Status.PENDING).get().quantity == 60
        assert ledger.level(acme) == 77
        assert control.account("acme-video")["total"] == 80
        ours = set(Subscriber.objects.living().filter(product=acme).values_list("username", flat=True))
    theirs = {each["username"] for each in control.account("acme-video")["subscribers"] if not each["deleted_at"]}
    assert theirs - ours == {"reception", "boardroom"}

    assert demo._until(difference_noted, time.monotonic() + 30)
    before, told = rows(), control.ledger()
    demo.load(companies)
    assert (rows(), control.ledger()) == (before, told)


def test_months_that_are_over_are_closed_by_what_was_agreed(companies, monkeypatch):
    monkeypatch.setattr(demo, "WORKER_SECONDS", 0.5)
    demo.load(companies)
    with staff_scope():
        statements = Statement.objects.filter(tenant__slug="acme").order_by("sequence")
        assert statements.count() >= 4
        assert statements.last().month == before(today().replace(day=1))
        assert all(statement.net > 0 for statement in statements)
        assert Statement.objects.filter(tenant__slug="globex").exists()


def test_without_a_worker_it_does_not_wait_for_what_was_promised(companies, monkeypatch):
    monkeypatch.setattr(demo, "WORKER_SECONDS", 0.5)
    demo.load(companies)

    with staff_scope():
        assert set(Operation.objects.values_list("status", flat=True)) == {Status.WAITING}


def test_a_sandbox_that_is_away_is_said_in_one_sentence(companies, monkeypatch):
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match="companies and people are there, their video is not"):
        demo.load(companies)


def test_without_a_sandbox_there_are_no_connections(companies, monkeypatch):
    monkeypatch.delenv("SANDBOX_URL")
    demo.load(companies)
    assert rows()["Connection"] == 0
