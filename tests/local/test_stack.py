"""`make run`, whole: real processes in a directory of their own, without a sandbox and its demo."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from portal.local.embedded import Place, Postgres
from portal.local.environment import CHECKOUT
from portal.local.processes import Command, LocalError, spawn, stop
from portal.local.stack import is_running, listen, only_one
from tests.local.test_processes import is_gone, wait_for

UP = """
import sys
import tempfile
from pathlib import Path
from portal.local.embedded import Place
from portal.local.environment import Plan, given_environment
from portal.local.stack import up
embedded = {"DATABASE_URL", "BROKER_URL", "CACHE_URL"}
given = {name: value for name, value in given_environment().items() if name not in embedded}
up(Plan(Place(Path(sys.argv[1])), given | {"KANDY_BASE_URL": "http://127.0.0.1:9"}), int(sys.argv[2]))
"""


@pytest.fixture
def var():
    """A `var/` with a short path, as its sockets belong in it."""
    directory = Path(tempfile.mkdtemp(prefix="patchbay-up-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def start(var, port):
    """Start the portal; returns the supervisor once a page has answered."""
    started = []

    def start() -> subprocess.Popen:
        argv = [sys.executable, "-c", UP, str(var), str(port)]
        up = spawn(Command(argv, var / "said", os.environ, CHECKOUT, dies_by=signal.SIGTERM))
        started.append((up, signal.SIGTERM))
        assert wait_for(lambda: up.poll() is not None or page_answers(port), seconds=60)
        assert up.poll() is None, (var / "said").read_text()
        return up

    yield start
    stop(started, grace=20)


def page_answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def children(pid: int) -> dict[int, str]:
    """What the children of a supervisor run, by pid."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ") for child in pids}


def test_a_killed_supervisor_leaves_nothing_running_and_the_next_start_finds_its_data(start, var):
    first = start()
    postgres = Postgres(Place(var))
    with postgres.connect("portal") as connection:
        connection.execute("create table kept as select 7 as n")
    left = children(first.pid)
    assert len(left) >= 6
    first.kill()
    first.wait()
    assert wait_for(lambda: all(is_gone(pid) for pid in left)), left
    start()
    with postgres.connect("portal") as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)


def test_a_killed_part_comes_back_and_a_signal_ends_everything(start, port):
    up = start()
    before = children(up.pid)
    postgres = next(pid for pid, command in before.items() if "postgres" in command)
    os.kill(postgres, signal.SIGKILL)
    assert wait_for(lambda: len(children(up.pid)) == len(before) and postgres not in children(up.pid))
    assert wait_for(lambda: page_answers(port))
    left = children(up.pid)
    up.send_signal(signal.SIGINT)
    assert up.wait(20) == 0
    assert all(is_gone(pid) for pid in left)


def test_a_second_start_in_the_same_directory_is_refused_and_told_where(tmp_path):
    place = Place(tmp_path)
    assert not is_running(place)
    with only_one(place, "http://localhost:8000/"):
        assert is_running(place)
        with pytest.raises(LocalError, match=rf"already running .*http://localhost:8000/ \(pid {os.getpid()}\)"):
            only_one(place, "http://localhost:9000/").__enter__()
    assert not is_running(place)


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {port} is in use by another program"):
            listen(port)
