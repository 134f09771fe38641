"""What ends is started again, what cannot start is given up, and the end is complete."""

import os
import signal
import time

import pytest

from portal.local.processes import LocalError
from portal.local.supervisor import FAILED_STARTS, Service, Stopped, Supervisor
from tests.local.test_processes import sleeper


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(said):
    made = Supervisor(said.append)
    yield made
    made.stop_all()


def watch_until(supervisor, condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        supervisor.tick()


def test_a_killed_child_is_started_again(supervisor, said, tmp_path):
    service = Service("web", sleeper(tmp_path / "web.log"))
    supervisor.start(service)
    first = service.child
    first.kill()
    watch_until(supervisor, lambda: service.child not in (None, first))
    assert service.child.poll() is None
    assert "web was ended by SIGKILL" in said[0]


def test_each_start_is_prepared(supervisor, tmp_path):
    prepared = []
    service = Service("postgres", sleeper(tmp_path / "postgres.log"), prepare=lambda: prepared.append(1))
    supervisor.start(service)
    service.child.kill()
    watch_until(supervisor, lambda: len(prepared) == 2)


def test_a_child_that_cannot_start_is_given_up_with_its_reason(supervisor, said, tmp_path, monkeypatch):
    monkeypatch.setattr("portal.local.supervisor.LONGEST_WAIT", 0.01)
    log = tmp_path / "web.log"
    supervisor.start(Service("web", sleeper(log, "raise SystemExit('ImportError: no such part')")))
    with pytest.raises(LocalError, match=r"web does not stay up: ImportError: no such part \(log: .*web.log\)"):
        watch_until(supervisor, lambda: False)
    assert len(said) == FAILED_STARTS - 1


def test_being_killed_often_is_no_reason_to_give_up(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr("portal.local.supervisor.LONGEST_WAIT", 0.01)
    service = Service("worker", sleeper(tmp_path / "worker.log"))
    supervisor.start(service)
    for _ in range(FAILED_STARTS + 2):
        killed = service.child
        killed.kill()
        watch_until(supervisor, lambda killed=killed: service.child not in (None, killed))


def test_a_signal_stops_it_and_nothing_is_left(supervisor, tmp_path):
    service = Service("web", sleeper(tmp_path / "web.log"))
    supervisor.start(service)
    before = signal.getsignal(signal.SIGTERM)
    try:
        supervisor.stop_on_signals()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped):
            supervisor.tick()
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    supervisor.stop_all()
    assert service.child.returncode == -signal.SIGTERM


def test_a_one_shot_command_gives_its_exit_code(supervisor, tmp_path):
    assert supervisor.run(sleeper(tmp_path / "migrate.log", "raise SystemExit(7)")) == 7
