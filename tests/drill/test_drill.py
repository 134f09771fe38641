"""The drill: real workers and a real broker against the vendor's faults, with kill -9 and a flushed broker, by a fixed seed.

`make drill` runs the long one. What must come out: nothing doubled, nothing lost, everything else explained.
"""

import os
import random
import sys
import time

import pytest
import redis

from portal.local.stack import CELERY, worker_command
from portal.operations.models import Operation, Status
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning import sync
from telephony import sync as telephony_sync
from tests.drill.person import settle_what_needs_a_person
from tests.drill.plan import FAULTS, ROOMY, Account
from tests.drill.verdict import compare
from tests.fixtures.video import SECRET, make_connection
from tests.telephony.telephone import make_connection as make_telephony

SIZE = int(os.environ.get("DRILL_OPERATIONS", "60"))
SEED = int(os.environ.get("DRILL_SEED", "20"))
ACCOUNTS = 8
PATIENCE_SECONDS = 60 + SIZE

# Minutes of production, in seconds. The settle time is longer than the vendor's late work, as it must be.
TIMES = {
    "VENDOR_CONNECT_TIMEOUT": "0.5",
    "VENDOR_READ_TIMEOUT": "1",
    "VENDOR_TOTAL_TIMEOUT": "1.5",
    "OPERATION_LEASE_SECONDS": "3",
    "OPERATION_SETTLE_SECONDS": "1.5",
    "OPERATION_LOOK_SECONDS": "1",
    "OPERATION_BACKOFF_SECONDS": "0.2",
    "SWEEP_SECONDS": "0.5",
    "SYNC_TICK_SECONDS": "1",
    "SYNC_SECONDS": "4",
    "DATABASE_POOL_SIZE": "10",
    # What goes wrong on purpose is told by the verdict.
    "LOG_LEVEL": "CRITICAL",
}


@pytest.fixture
def accounts(transactional_db, sandbox) -> list[Account]:
    made = []
    for number in range(ACCOUNTS):
        client_id = f"drill-{number}"
        sandbox.control.put_account(client_id, SECRET)
        sandbox.control.order_behind(client_id, "increment", ROOMY)
        with staff_scope():
            tenant = Tenant.objects.create(name=client_id, slug=client_id)
        with tenant_scope(tenant.pk):
            connection = make_connection(tenant, client_id, sandbox)
        sync.read_connection(tenant.pk, connection.pk)
        telephony_id = with_telephony(tenant, client_id, sandbox) if number % 2 else None
        made.append(Account(tenant, client_id, connection.pk, random.Random(SEED * 1000 + number), telephony_id))
    return made


def with_telephony(tenant: Tenant, client_id: str, sandbox) -> int:
    """The id of a second connection, with the same account at the other vendor."""
    with tenant_scope(tenant.pk):
        connection = make_telephony(tenant, client_id, sandbox, name="Telephones", secret=SECRET)
    telephony_sync.read_connection(tenant.pk, connection.pk)
    return connection.pk


class Chaos:
    """Two workers and a beat that are killed, a broker that is emptied, a vendor that restarts: by a seed of its own."""

    def __init__(self, start_process, sandbox, schedule) -> None:
        self._start_process, self._sandbox = start_process, sandbox
        self._rng = random.Random(SEED)
        self._next_kill = 0.0
        self.kills = self.flushes = self.vendor_restarts = 0
        self._workers = [self._worker(number) for number in range(2)]
        beat = ["-m", *CELERY, "beat", "--schedule", str(schedule), "--pidfile", ""]
        start_process("beat", sys.executable, *beat, env=TIMES)

    def _worker(self, number: int):
        module = worker_command(f"drill{number}-{self.kills}", threads=6)
        return self._start_process(f"worker{number}", sys.executable, "-m", *map(str, module), env=TIMES)

    def strike(self) -> None:
        """Called often; strikes when it is time."""
        if time.monotonic() < self._next_kill:
            return
        self._next_kill = time.monotonic() + self._rng.uniform(1.5, 4)
        victim = self._rng.randrange(2)
        self._workers[victim].kill()
        self._workers[victim].wait()
        self.kills += 1
        if self.kills % 3 == 0:
            redis.Redis.from_url(_redis_url()).flushdb()
            self.flushes += 1
        if self.kills % 5 == 0:
            self._sandbox.restart()
            self.vendor_restarts += 1
        self._workers[victim] = self._worker(victim)


def _redis_url() -> str:
    return os.environ["BROKER_URL"].replace("redis+socket://", "unix://").replace("virtual_host", "db")


def all_ended() -> bool:
    """Nothing is under way; what waits, waits behind something that needs a person."""
    with staff_scope():
        moving = Operation.objects.exclude(
            status__in=[Status.DONE, Status.REFUSED, Status.CANCELLED, Status.NEEDS_PERSON]
        )
        held = Operation.objects.needing_a_person().values_list("connection_id", flat=True)
        return not moving.exclude(status=Status.WAITING, connection_id__in=list(held)).exists()


def test_nothing_is_doubled_and_nothing_is_lost(accounts, sandbox, start_process, tmp_path, capsys):
    for number, fault in enumerate(FAULTS):
        sandbox.control.add_fault(**fault, seed=SEED + number)
    chaos = Chaos(start_process, sandbox, tmp_path / "beat")
    asked, rng, give_up = 0, random.Random(SEED), time.monotonic() + PATIENCE_SECONDS
    while asked < SIZE and time.monotonic() < give_up:
        asked += rng.choice(accounts).ask()
        chaos.strike()
        time.sleep(0.02)
    while not all_ended() and time.monotonic() < give_up:
        chaos.strike()
        time.sleep(0.2)
    sandbox.control.remove_faults()
    sandbox.control.wait_until_quiet()
    by_people = settle_what_needs_a_person(accounts, sandbox.control)
    while not all_ended() and time.monotonic() < give_up:
        time.sleep(0.2)
    for account in accounts:
        sync.read_connection(account.tenant.pk, account.connection_id)
        if account.telephony_id:
            telephony_sync.read_connection(account.tenant.pk, account.telephony_id)
    verdict = compare(accounts, sandbox.control)
    with capsys.disabled():
        print(f"\ndrill: seed {SEED}, {chaos.kills} workers killed, broker emptied {chaos.flushes} times,")
        print(f"vendor restarted {chaos.vendor_restarts} times; {by_people} settled by people in the end")
        print("\n".join(verdict.lines()))
    assert verdict.operations == SIZE
    assert verdict.doubled == []
    assert verdict.lost == []
    assert verdict.invented == []
    assert verdict.unexplained == []
    assert verdict.mirror_off == []
    assert verdict.statuses[Status.NEEDS_PERSON] == verdict.statuses[Status.WAITING] == 0
    # Controls: without kills and unknown outcomes nothing would have been shown.
    assert chaos.kills >= 2
    assert verdict.looked > 0
    assert verdict.statuses[Status.DONE] > SIZE / 2
