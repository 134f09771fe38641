"""Children cannot outlive their parent, and their end is told in words."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.local.environment import CHECKOUT
from portal.local.processes import Command, LocalError, reason, spawn, stop, wait_until

PARENT = """
import sys, time
from pathlib import Path
from portal.local.processes import Command, spawn
log = Path(sys.argv[1])
child = spawn(Command([sys.executable, "-c", "import time; time.sleep(60)"], log, {}, Path("/")))
print(child.pid, flush=True)
time.sleep(60)
"""


def sleeper(log: Path, code: str = "import time; time.sleep(60)") -> Command:
    return Command([sys.executable, "-c", code], log, {}, Path("/"))


def wait_for(condition, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(met)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_child_dies_with_its_parent_even_when_that_is_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "child.log")], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        child = int(parent.stdout.readline())
        assert not is_gone(child)
        parent.kill()
    assert wait_for(lambda: is_gone(child))


def test_stop_kills_what_will_not_end(tmp_path):
    log = tmp_path / "stubborn.log"
    stubborn = spawn(
        sleeper(log, "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)")
    )
    assert wait_for(lambda: "up" in log.read_text())
    stop([(stubborn, signal.SIGTERM)], grace=0.2)
    assert stubborn.returncode == -signal.SIGKILL


def test_waiting_for_a_child_that_ends_tells_why(tmp_path):
    log = tmp_path / "child.log"
    child = spawn(sleeper(log, "print('Error: the moon is in the way'); raise SystemExit(3)"))
    with pytest.raises(LocalError, match="moon ended with exit code 3: Error: the moon is in the way"):
        wait_until(lambda: False, child, what="moon", log=log, seconds=10)


def test_a_full_disk_is_called_a_full_disk(tmp_path):
    log = tmp_path / "postgres.log"
    log.write_text('FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device\nLOG:  shut down\n')
    assert reason(log) == "the disk is full"
