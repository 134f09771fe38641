"""Keeps a set of child processes running until it is told to stop, and leaves none behind."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from portal.local.processes import DISK_FULL, Command, LocalError, ending, reason, spawn, stop

TICK = 0.05
# A child that ends by itself sooner than this after its start has failed to start.
SHORT_LIFE = 10.0
FAILED_STARTS = 4
LONGEST_WAIT = 10.0


class Stopped(Exception):
    """Somebody asked for the end."""


def _nothing() -> None:
    """No preparation."""


@dataclass
class Service:
    """A child that must always run. `prepare` is called before each start; `data` services are stopped last."""

    name: str
    command: Command
    prepare: Callable[[], None] = _nothing
    data: bool = False
    child: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failed_starts: int = 0
    start_at: float = field(default=0.0)

    def start(self) -> None:
        self.prepare()
        self.child = spawn(self.command)
        self.started = time.monotonic()


class Supervisor:
    """Starts services and restarts what ends, from the thread that made it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.services: list[Service] = []
        self._stopping = False

    def stop_on_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup the hang-up is ignored, and stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def start(self, service: Service) -> None:
        self.services.append(service)
        service.start()

    def until(self, ready: Callable[[], bool], *, what: str, log: Path, seconds: float) -> None:
        """Watch until `ready()`. Raises LocalError when time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise LocalError(f"{what} did not answer within {seconds:.0f} s: {reason(log)} (log: {log})")
            self.tick()

    def run(self, command: Command) -> int:
        """Run a one-shot command while watching the others; return its exit code."""
        command.log.unlink(missing_ok=True)
        child = spawn(command)
        try:
            while child.poll() is None:
                self.tick()
        finally:
            stop([(child, command.stop_signal)], grace=1)
        return child.returncode

    def forever(self) -> None:
        while True:
            self.tick()

    def tick(self) -> None:
        """Look once after every service. Raises Stopped, and LocalError for one that does not stay up."""
        time.sleep(TICK)
        if self._stopping:
            raise Stopped
        for service in self.services:
            if service.child is not None and service.child.poll() is not None:
                self._bury(service, service.child.returncode)
            if service.child is None and time.monotonic() >= service.start_at:
                service.start()

    def _bury(self, service: Service, returncode: int) -> None:
        service.child = None
        lived = time.monotonic() - service.started
        # SIGKILL comes from outside: it says nothing about whether the child can run.
        failed = lived < SHORT_LIFE and returncode != -signal.SIGKILL
        service.failed_starts = service.failed_starts + 1 if failed else 0
        log = service.command.log
        cause = reason(log)
        if service.failed_starts >= FAILED_STARTS or (failed and cause == DISK_FULL):
            raise LocalError(f"{service.name} does not stay up: {cause} (log: {log})")
        wait = min(LONGEST_WAIT, 0.5 * 2**service.failed_starts)
        service.start_at = time.monotonic() + wait
        self.say(
            f"{service.name} {ending(returncode)} after {lived:.0f} s; starting it again in {wait:g} s (log: {log})"
        )

    def stop_all(self) -> None:
        """What keeps data last, so that the others can still write."""
        for data, grace in ((False, 3.5), (True, 10.0)):
            stop(
                [(s.child, s.command.stop_signal) for s in self.services if s.data is data and s.child is not None],
                grace=grace,
            )
