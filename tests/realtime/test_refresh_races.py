"""Eight processes at the end of many tokens, killed at any moment: one refresh a generation, no grant lost without cause.

What counts is the vendor's own count. Times are shortened; only states are asserted on.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from portal.notices.models import Notice
from realtime.grants import keeping, losing
from realtime.grants.models import Grant
from tests.realtime.granting import DIRECTORY, again, grant, open_account
from tests.realtime.switchboard import Switchboard

PROCESSES = 8
CONNECTIONS = 6
ROUNDS_OF_KILLS = 6
SHORT = {
    "VENDOR_CONNECT_TIMEOUT": "2",
    "VENDOR_READ_TIMEOUT": "2",
    "VENDOR_TOTAL_TIMEOUT": "4",
    "KWEBBL_REFRESH_READ_TIMEOUT": "3",
    "KWEBBL_REFRESH_SETTLE_SECONDS": "1",
    "KWEBBL_GRANT_LOST_SECONDS": "15",
    "VENDOR_ALLOW_INSECURE_URLS": "1",
}


class Crew:
    """The processes, by one parent that has loaded everything once."""

    def __init__(self, tenant_id: int, connection_ids: list[int], env: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.realtime.refresher", str(tenant_id), *map(str, connection_ids)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._parent = subprocess.Popen(command, env=env, start_new_session=True, **pipes)
        assert self._parent.stdout.readline() == "ready\n"
        self.pids: list[int] = []

    def fill(self) -> None:
        while len(self.pids) < PROCESSES:
            self._parent.stdin.write("fork\n")
            self._parent.stdin.flush()
            self.pids.append(int(self._parent.stdout.readline()))

    def kill(self, count: int) -> None:
        for pid in random.sample(self.pids, count):
            os.kill(pid, signal.SIGKILL)
            self.pids.remove(pid)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._parent.pid, signal.SIGKILL)
        self._parent.communicate()


@pytest.fixture
def switchboards(transactional_db, cast, sandbox, quick_vendor) -> list[Switchboard]:
    made = [Switchboard(cast.acme, sandbox) for _ in range(CONNECTIONS)]
    return [open_account(each, expires_in=4) for each in made]


@pytest.fixture
def crew(switchboards, process_env) -> Iterator[Crew]:
    ids = [each.connection.pk for each in switchboards]
    made = Crew(switchboards[0].tenant.pk, ids, {**process_env, **SHORT})
    yield made
    made.stop()


def wait_for(happened: Callable[[], bool], seconds: float = 60) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if happened():
            return True
        time.sleep(0.2)
    return False


def at_the_vendor(switchboard: Switchboard) -> dict:
    (told,) = switchboard.control.kwebbl(switchboard.client_id)["grants"]
    return told


def test_one_refresh_a_generation_whatever_is_killed(switchboards, crew, cast):
    control = switchboards[0].control
    unlucky = switchboards[:2]
    lost_answers = [
        control.add_fault(
            "reset", path="/kwebbl/v100/token", client_id=each.client_id, after_work=True, times=1, skip=1
        )
        for each in unlucky
    ]
    control.add_fault("delay", path="/kwebbl/v100/token", seconds=0.4)
    grants = [grant(each, cast.alice, scopes=DIRECTORY) for each in switchboards]

    crew.fill()
    assert wait_for(lambda: all(control.fault(each["id"])["struck"] for each in lost_answers))
    for _ in range(ROUNDS_OF_KILLS):
        time.sleep(1)
        crew.kill(PROCESSES // 2)
        crew.fill()
    assert wait_for(lambda: all(again(one).state == "lost" for one in grants[:2])), "an answer that was lost is shown"
    # Whoever is killed between the vendor's answer and its keeping takes that answer along: such a grant goes no further.
    assert wait_for(lambda: all(map(_lost_or_refreshed_twice, grants, switchboards)))
    crew.stop()
    assert wait_for(lambda: _at_rest(grants, switchboards)), "what the killed ones left behind is settled"

    for switchboard, one in zip(switchboards, map(again, grants), strict=True):
        told = at_the_vendor(switchboard)
        assert_one_refresh_a_generation(told, lost=one.state == "lost")
        if one.state == "lost":
            assert told["generation"] == one.generation + 1, "lost: the vendor made tokens that never came"
        else:
            assert told["generation"] == one.generation, "what the vendor made is what the portal has"
            assert told["alive"]
    assert_told(switchboards[0], [one for one in map(again, grants) if one.state == "lost"])


def _lost_or_refreshed_twice(one: Grant, switchboard: Switchboard) -> bool:
    return again(one).state == "lost" or len(at_the_vendor(switchboard)["presented"]) > 2


def _at_rest(grants: list[Grant], switchboards: list[Switchboard]) -> bool:
    """Looks after them as beat would. Then each is lost, or has what the vendor made."""
    for one in grants:
        losing.settle(one.tenant_id, one.pk)
        keeping.refresh(one.tenant_id, one.pk)
    return all(
        one.state == "lost"
        or (one.refresh_sent_at is None and one.generation == at_the_vendor(switchboard)["generation"])
        for one, switchboard in zip(map(again, grants), switchboards, strict=True)
    )


def assert_one_refresh_a_generation(told: dict, *, lost: bool) -> None:
    """`presented`: how often each generation's refresh token was sent, good or dead."""
    *earlier, newest = [told["presented"][str(number)] for number in range(1, told["generation"] + 1)]
    assert newest == 0, "nobody has asked with the newest yet"
    if lost and earlier:
        # The proof of a loss, where the old access token was over: one refusal.
        assert earlier.pop() in (1, 2)
    assert earlier == [1] * len(earlier)


def assert_told(switchboard: Switchboard, lost: list[Grant]) -> None:
    with switchboard.scope():
        open_now = Notice.objects.open().filter(kind="realtime.grant_lost").values_list("subject_id", flat=True)
        assert sorted(open_now) == sorted(one.pk for one in lost)
