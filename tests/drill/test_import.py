"""A file of subscribers imported by real workers that are killed with kill -9: every good row once, every bad row named.

`make drill-import` runs the one of 10,000 rows. One of a hundred rows is bad: spelled wrongly, or there twice.
"""

import os
import sys
import time
from collections import Counter
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from portal.bulk.models import Batch, BatchRow
from portal.bulk.progress import outcomes_of
from portal.local.stack import CELERY, worker_command
from portal.operations.models import ENDED, Operation
from portal.tenancy.scope import tenant_scope
from provisioning import sync
from provisioning.models import Inventory, Product
from tests.drill.test_drill import TIMES
from tests.fixtures.video import SECRET, make_connection

ROWS = int(os.environ.get("DRILL_ROWS", "300"))
BAD_EACH = 100
CLIENT_ID = "drill-import"
# How far it is, of which step, when all workers are killed.
KILLS = [("promised", 0.1), ("ended", 0.4), ("ended", 0.7)]
MORE_KILLS = [("checked", 0.3), ("promised", 0.3), ("promised", 0.6), ("ended", 0.1), ("ended", 0.5), ("ended", 0.8)]
PATIENCE_SECONDS = 90 + ROWS / 8


class Staff:
    """Two workers and a beat; the workers are killed and others hired."""

    def __init__(self, start_process, schedule) -> None:
        self._start_process, self.kills = start_process, 0
        beat = ["-m", *CELERY, "beat", "--schedule", str(schedule), "--pidfile", ""]
        start_process("import-beat", sys.executable, *beat, env=TIMES)
        self._hire()

    def _hire(self) -> None:
        self._workers = [
            self._start_process(
                f"import-worker{number}",
                *(sys.executable, "-m", *map(str, worker_command(f"import{number}-{self.kills}", threads=4))),
                env=TIMES,
            )
            for number in range(2)
        ]

    def kill(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()
        self.kills += 1
        self._hire()


def file_of(rows: int) -> tuple[bytes, dict[int, str], set[str]]:
    """A file, why its bad rows are bad by line, and the usernames of the good ones."""
    lines, bad, good = ["Username;Team"], {}, set()
    for number in range(rows):
        line = number + 2
        if number % BAD_EACH == BAD_EACH // 2:
            name = f"bad name {number}" if number % (2 * BAD_EACH) < BAD_EACH else "USER0"
            bad[line] = "Use only the letters" if " " in name else "The same as line 2"
        else:
            name = f"user{number}"
            good.add(name)
        lines.append(f"{name};{number % 7}")
    return "\n".join(lines).encode(), bad, good


@pytest.fixture
def stocked(transactional_db, cast, sandbox) -> Product:
    """Acme's connection, with as many products as the file has rows."""
    sandbox.control.put_account(CLIENT_ID, SECRET)
    sandbox.control.order_behind(CLIENT_ID, "increment", ROWS)
    sandbox.control.set_latency(0.002)
    with tenant_scope(cast.acme.pk):
        connection = make_connection(cast.acme, CLIENT_ID, sandbox)
    sync.read_connection(cast.acme.pk, connection.pk)
    with tenant_scope(cast.acme.pk):
        return Product.objects.get(connection=connection)


@pytest.fixture
def bob(cast) -> Client:
    client = Client()
    client.force_login(cast.bob)
    return client


def post(client: Client, name: str, *args, **data) -> None:
    answer = client.post(reverse(f"bulk:{name}", args=["acme", *args]), {"form_key": str(uuid4()), **data})
    assert answer.status_code == 302, answer.content.decode()


def look(product: Product) -> tuple[Batch, dict[str, float]]:
    """The batch, and how much of it has come through each step."""
    with tenant_scope(product.tenant_id):
        batch = Batch.objects.get()
        ended = Operation.objects.filter(status__in=ENDED).count()
    come = {"checked": batch.checked, "promised": batch.promised, "ended": ended}
    return batch, {step: number / batch.total for step, number in come.items()}


def follow(product: Product, staff: Staff, kills: list, until: str) -> Batch:
    """Wait for a state; on the way kill all workers at each mark, and let the lease of the batch run out at once."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        batch, come = look(product)
        if batch.state == until:
            return batch
        if kills and come[kills[0][0]] >= kills[0][1]:
            kills.pop(0)
            staff.kill()
            with tenant_scope(product.tenant_id):
                Batch.objects.exclude(lease_until=None).update(lease_until=Now())
        time.sleep(0.1)
    raise AssertionError(f"it did not become {until} in time, and is {batch.state}: {come}")


def test_every_good_row_is_done_once_and_every_bad_row_is_named(stocked, bob, sandbox, start_process, tmp_path, capsys):
    content, bad, good = file_of(ROWS)
    staff, kills, began = (
        Staff(start_process, tmp_path / "beat"),
        list(KILLS if ROWS < 1_000 else MORE_KILLS),
        time.monotonic(),
    )
    post(bob, "new", "provisioning.create_subscribers", file=SimpleUploadedFile("people.csv", content))
    batch, _come = look(stocked)
    post(bob, "details", batch.pk, column_username="0", product=str(stocked.pk))
    batch = follow(stocked, staff, kills, "ready")
    checked = time.monotonic()
    assert (batch.good, batch.bad) == (len(good), len(bad))
    post(bob, "start", batch.pk)
    batch = follow(stocked, staff, kills, "done")
    done = time.monotonic()

    assert kills == []
    sandbox.control.wait_until_quiet()
    sync.read_connection(stocked.tenant_id, stocked.connection_id)
    created = Counter(
        effect["facts"]["username"] for effect in sandbox.control.iterate_ledger(CLIENT_ID, "subscriber_created")
    )
    with tenant_scope(stocked.tenant_id):
        named = {row.line: row.why for row in BatchRow.objects.of(batch).filter(state="bad")}
        outcomes = outcomes_of(batch, batch.known_kind)
        looked = Operation.objects.filter(attempts__purpose="look").distinct().count()
        free = Inventory.objects.get(product=stocked).available
    with capsys.disabled():
        print(
            f"\nimport of {ROWS} rows, {len(bad)} of them bad: workers killed {staff.kills} times, {looked} looked up;"
        )
        print(f"uploaded and checked in {checked - began:.0f} s, done in {done - checked:.0f} s more: {outcomes}")
    assert created == Counter(good), "every good row once"
    assert outcomes == {"done": len(good)}
    assert set(named) == set(bad)
    assert all(named[line].startswith(reason) for line, reason in bad.items())
    assert free == ROWS - len(good)
