"""Entries are chained in the background: each once, in whatever way workers and writers come between each other."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from portal.audit import chain
from portal.audit.models import Entry, Link, Unchained
from portal.audit.tasks import chain_entries, tell_heads
from portal.audit.trail import record, record_many
from portal.audit.verification import OUTSIDE, Flaw, heads, verify
from portal.local.embedded import RUNTIME, Postgres
from portal.local.pytest_plugin import test_place as place
from portal.tenancy.scope import staff_scope, tenant_scope, user_scope

pytestmark = pytest.mark.django_db(transaction=True)


def act(tenant, who, word: str = "nl") -> Entry:
    with tenant_scope(tenant.pk):
        return record("tenancy.settings_changed", tenant, after={"language": word}, acting_user=who)


def chained(tenant) -> list[int]:
    """The entries of a chain, in its order."""
    with staff_scope():
        return list(Link.objects.filter(tenant=tenant).order_by("sequence").values_list("entry_id", flat=True))


def waiting() -> int:
    with staff_scope():
        return Unchained.objects.count()


def findings() -> dict[str, list[Flaw]]:
    return {report.chain.name: list(report.findings) for report in verify() if report.findings}


@contextmanager
def several(*works):
    """Run each in a thread with a connection of its own, wait for all of them, and fail with the first that failed."""
    with ThreadPoolExecutor(len(works)) as threads:
        running = [threads.submit(_with_own_connection, work) for work in works]
        yield
    for each in running:
        each.result()


def _with_own_connection(work):
    try:
        work()
    finally:
        connection.close()


def test_an_entry_waits_and_is_chained_by_the_next_turn(cast):
    entries = [act(cast.acme, cast.alice, word) for word in ("nl", "en")]
    assert (waiting(), chained(cast.acme)) == (2, [])
    chain_entries()
    assert (waiting(), chained(cast.acme)) == (0, [entry.pk for entry in entries])
    assert findings() == {}


def test_each_tenant_has_its_own_chain_and_so_have_the_acts_outside_any(cast):
    of_acme, of_globex = act(cast.acme, cast.alice), act(cast.globex, cast.charlie)
    with user_scope(cast.bob.pk):
        outside = record("account.signed_in", cast.bob, acting_user=cast.bob)
    assert chain.chain_waiting() == 3
    assert [chained(cast.acme), chained(cast.globex), chained(None)] == [[of_acme.pk], [of_globex.pk], [outside.pk]]
    assert [(head.chain, head.sequence) for head in heads()] == [("acme", 1), ("globex", 1), (OUTSIDE, 1)]
    assert findings() == {}


def test_a_tenant_sees_its_own_chain_alone(cast):
    act(cast.acme, cast.alice), act(cast.globex, cast.charlie)
    chain_entries()
    with tenant_scope(cast.acme.pk):
        assert {link.tenant_id for link in Link.objects.all()} == {cast.acme.pk}
        assert not Unchained.objects.exists()


def test_an_act_that_is_taken_back_leaves_nothing_to_be_chained(cast):
    with transaction.atomic():
        act(cast.acme, cast.alice)
        transaction.set_rollback(True)
    assert waiting() == 0


def test_an_entry_committed_late_is_chained_after_later_ones(cast):
    """A long transaction has taken its number before another one, and becomes known after it."""
    late, other_is_chained = [], threading.Event()

    def write_late():
        with tenant_scope(cast.acme.pk):
            late.append(record("tenancy.settings_changed", cast.acme, acting_user=cast.bob))
            assert other_is_chained.wait(20)

    with several(write_late):
        while not late:
            time.sleep(0.01)
        early = act(cast.acme, cast.alice)
        chain_entries()
        other_is_chained.set()
    chain_entries()
    assert late[0].pk < early.pk
    assert chained(cast.acme) == [early.pk, late[0].pk]
    assert findings() == {}


def test_ten_thousand_at_once_are_chained_in_order(cast):
    with tenant_scope(cast.acme.pk):
        record_many(
            "tenancy.settings_changed", ((cast.acme, {"number": n}) for n in range(10_000)), acting_user=cast.alice
        )
    for _ in range(50):
        if not chain.chain_waiting():
            break
    entries = chained(cast.acme)
    assert (len(entries), entries == sorted(entries), waiting()) == (10_000, True, 0)
    assert findings() == {}


def test_writers_and_two_chaining_workers_at_once(cast):
    """Each entry is chained once, and both chains hold."""
    writing = threading.Event()
    writing.set()

    def write(tenant, who):
        def work():
            for number in range(40):
                act(tenant, who, f"{number}")

        return work

    def keep_chaining():
        while writing.is_set() or waiting():
            chain_entries()

    writers = [write(cast.acme, cast.alice), write(cast.acme, cast.bob), write(cast.globex, cast.charlie)]
    with several(keep_chaining, keep_chaining):
        try:
            with several(*writers):
                pass
        finally:
            writing.clear()
    assert (len(chained(cast.acme)), len(chained(cast.globex))) == (80, 40)
    assert findings() == {}


def test_a_second_worker_leaves_a_chain_to_the_first(cast):
    act(cast.acme, cast.alice)
    with Postgres(place()).connect(connection.settings_dict["NAME"], RUNTIME) as other, other.transaction():
        other.execute("select pg_advisory_xact_lock(%s, %s)", [chain.LOCK, cast.acme.pk])
        assert chain.chain_waiting() == 0
    assert chain.chain_waiting() == 1


def test_a_worker_that_dies_before_its_commit_leaves_the_chain_as_it_was(cast, monkeypatch):
    """Nothing of its batch counts, and the next worker does it whole."""
    for word in ("nl", "en", "de"):
        act(cast.acme, cast.alice, word)
    monkeypatch.setattr(chain, "BATCH", 2)
    chain.append(cast.acme.pk)
    with transaction.atomic():
        assert chain.append(cast.acme.pk) == 1
        transaction.set_rollback(True)
    assert (len(chained(cast.acme)), waiting()) == (2, 1)
    chain_entries()
    assert (len(chained(cast.acme)), waiting()) == (3, 0)
    assert findings() == {}


def test_the_worker_killed_with_minus_nine(cast, worker, start_process):
    """The real one, in the middle of ten thousand entries."""
    with tenant_scope(cast.acme.pk):
        record_many(
            "tenancy.settings_changed", ((cast.acme, {"number": n}) for n in range(10_000)), acting_user=cast.alice
        )
    begins = time.monotonic() + 60
    while not chained(cast.acme):
        assert time.monotonic() < begins, "no worker began"
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    deadline = time.monotonic() + 20
    while waiting() and time.monotonic() < deadline:
        chain_entries()
    assert (len(chained(cast.acme)), waiting()) == (10_000, 0)
    assert findings() == {}


def test_the_heads_are_told_to_the_log(cast, caplog):
    act(cast.acme, cast.alice)
    chain_entries()
    with caplog.at_level("INFO", "portal.audit"):
        tell_heads()
    (head,) = heads()
    assert [record.message for record in caplog.records] == [f"audit head: acme 1 {head.digest}"]


def test_every_column_of_an_entry_is_digested():
    """A new column needs a decision: digests that exist do not know it (docs/decisions/0035)."""
    assert {field.attname for field in Entry._meta.local_concrete_fields} == set(chain.FIELDS)
