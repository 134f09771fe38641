"""Making a promise: once a form, never for a suspended tenant, announced after the commit and not before."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from celery import current_app
from django.db import IntegrityError, connection, transaction

from portal.audit.models import Entry
from portal.operations import bells
from portal.operations.models import Operation
from portal.operations.promises import AlreadySubmitted, TenantSuspended, once
from portal.tenancy.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch) -> list[str]:
    """The lanes that were rung for, instead of ringing."""
    lanes = []
    monkeypatch.setattr(bells, "ring", lambda tenant_id, connection_id, lane, wait=None: lanes.append(lane))
    return lanes


def operations(desk) -> int:
    with desk.scope():
        return Operation.objects.count()


# --- Once ---------------------------------------------------------------------------------------------------------


def click(desk, who, form_key) -> Operation:
    """What a verb does with a form: let it through once, then promise."""
    with desk.scope():
        once(desk.tenant.pk, form_key)
        return desk.promise(who, form_key=form_key)


def test_a_form_sent_again_is_the_operation_that_it_became(desk, cast):
    key = uuid4()
    first = click(desk, cast.bob, key)
    with pytest.raises(AlreadySubmitted) as second:
        click(desk, cast.bob, key)
    assert second.value.operation == first
    assert operations(desk) == 1


def test_another_form_is_another_operation(desk, cast):
    click(desk, cast.bob, uuid4())
    click(desk, cast.bob, uuid4())
    assert operations(desk) == 2


def test_what_comes_from_no_form_is_let_through(desk, cast):
    click(desk, cast.bob, None)
    click(desk, cast.bob, None)
    assert operations(desk) == 2


def test_a_key_of_one_tenant_says_nothing_to_another(desk, globex_desk, cast):
    key = uuid4()
    click(desk, cast.bob, key)
    click(globex_desk, cast.charlie, key)
    assert operations(globex_desk) == 1


def test_the_database_itself_takes_a_form_once(desk, cast):
    key = uuid4()
    desk.promise(cast.bob, form_key=key)
    with pytest.raises(IntegrityError, match="form_key_once"), transaction.atomic():
        desk.promise(cast.bob, form_key=key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clicks", [2, 6])
def test_clicks_at_once_are_one_operation(desk, cast, clicks):
    key, ready = uuid4(), threading.Barrier(clicks)

    def one_click(_):
        ready.wait()
        try:
            return "new", click(desk, cast.bob, key).pk
        except AlreadySubmitted as earlier:
            return "again", earlier.operation.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(clicks) as pool:
        answers = list(pool.map(one_click, range(clicks)))
    assert sorted(what for what, _ in answers) == ["again"] * (clicks - 1) + ["new"]
    assert len({pk for _, pk in answers}) == operations(desk) == 1


# --- What is written ----------------------------------------------------------------------------------------------


def test_the_promise_is_on_record_with_who_asked_and_what_for(desk, cast):
    operation = desk.promise(cast.bob)
    with desk.scope():
        entry = Entry.objects.get(action="operations.asked")
        assert (entry.actor, entry.object_id, entry.after) == (cast.bob, str(operation.pk), {"door": "front"})
        assert (operation.subject_type, operation.subject_id) == (desk.connection._meta.label_lower, desk.connection.pk)


def test_nothing_is_promised_for_a_suspended_tenant(desk, cast):
    with desk.scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    desk.connection.tenant.state = Tenant.State.SUSPENDED
    with pytest.raises(TenantSuspended):
        desk.promise(cast.bob)
    with desk.scope():
        assert not Operation.objects.exists()
        assert not Entry.objects.exists()


# --- Bells --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_after_the_commit(desk, cast, rung):
    with desk.scope():
        desk.promise(cast.bob)
        assert rung == []
    assert rung == ["door"]


@pytest.mark.django_db(transaction=True)
def test_nothing_rings_for_what_was_rolled_back(desk, cast, rung):
    def too_late() -> None:
        with desk.scope():
            desk.promise(cast.bob)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        too_late()
    assert rung == []
    assert operations(desk) == 0


@pytest.fixture
def broker_at(monkeypatch):
    """Have the broker at another address for this test."""

    def forget() -> None:
        current_app._pool = current_app.amqp._producer_pool = None
        bells._quiet_until = 0.0

    def move(port: int) -> None:
        monkeypatch.setattr(current_app.conf, "broker_url", f"redis://127.0.0.1:{port}/0")
        forget()

    yield move
    forget()


@pytest.fixture
def silent_port():
    """Takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["nobody there", "no answer"])
def test_a_broker_that_is_away_costs_no_promise_and_little_time(desk, cast, broker_at, silent_port, caplog, way):
    broker_at(9 if way == "nobody there" else silent_port)
    started = time.monotonic()
    many = [desk.promise(cast.bob, f"Knock {number}") for number in range(5)]
    # Far from waiting for each of the five, and for ever in the worse case.
    assert time.monotonic() - started < 10
    assert [desk.now(operation).status for operation in many] == ["waiting"] * 5
    assert caplog.text.count("the broker is away") == 1


def test_a_bell_that_would_wait_long_is_left_to_the_sweeper(monkeypatch):
    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: sent.append(options["countdown"]))
    bells.ring(1, 1, "door", bells.LONGEST_COUNTDOWN)
    bells.ring(1, 1, "door", bells.LONGEST_COUNTDOWN * 2)
    assert sent == [bells.LONGEST_COUNTDOWN.total_seconds()]
