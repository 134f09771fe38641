"""The whole portal on one machine: what `make run` starts, in which order, and what it tells the person who did."""

import fcntl
import hashlib
import http.client
import os
import socket
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from portal.local.embedded import Place, ensure_roles
from portal.local.environment import CHECKOUT, Plan
from portal.local.processes import Command, LocalError, reason
from portal.local.supervisor import Service, Stopped, Supervisor

WEB_PROCESSES = 2
# One a core: the threads of one process share an interpreter, and half of an operation's own time is Python.
WORKER_PROCESSES = 2
WORKER_THREADS = 10
CELERY = ["celery", "--app", "portal", "--quiet"]
LARGEST_LOG_BYTES = 10_000_000


def up(plan: Plan, port: int) -> None:
    """Run the portal on localhost:`port` until a signal. Raises LocalError or OSError when it cannot run."""
    plan.place.prepare()
    with ExitStack() as stack:
        stack.enter_context(only_one(plan.place, f"http://localhost:{port}/"))
        sockets = [stack.enter_context(closing(listening)) for listening in listen(port)]
        _put_old_logs_aside(plan.place.logs)
        supervisor = Supervisor(_say)
        supervisor.stop_on_signals()
        stack.callback(plan.place.remove_sockets)
        stack.callback(supervisor.stop_all)
        try:
            _Start(plan, supervisor, port).all(sockets)
            supervisor.forever()
        except Stopped:
            _say("stopping")


def worker_command(name: str, threads: int) -> list[str | Path]:
    """A Celery worker for every queue, as a module with its arguments."""
    return [
        *(*CELERY, "worker", "--hostname", f"{name}@%h", "--pool", "threads", "--concurrency", str(threads)),
        *(
            "--queues",
            "operations,settle,sync,background",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "WARNING",
        ),
    ]


@contextmanager
def only_one(place: Place, url: str) -> Generator[None]:
    """Hold the checkout's lock. Raises LocalError, naming the holder, when another supervisor has it."""
    with (place.var / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalError(f"already running in this directory: {_holder(lock.name)}") from error
        lock.truncate(0)
        lock.write(f"{url} (pid {os.getpid()})")
        lock.flush()
        yield


def is_running(place: Place) -> bool:
    try:
        with (place.var / "up.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _holder(lock: str) -> str:
    return Path(lock).read_text().strip() or "it is just starting"


def listen(port: int) -> list[socket.socket]:
    """Sockets on both addresses that browsers try for `localhost`. Raises LocalError when one of them is taken."""
    addresses = [(socket.AF_INET, "127.0.0.1")]
    if _has_ipv6():
        addresses.append((socket.AF_INET6, "::1"))
    try:
        return [socket.create_server((host, port), family=family, backlog=1024) for family, host in addresses]
    except PermissionError as error:
        raise LocalError(
            f"port {port} is reserved for the administrator: choose one with make run PORT=8000"
        ) from error
    except OSError as error:
        raise LocalError(
            f"port {port} is in use by another program: choose one with make run PORT={port % 65535 + 1}"
        ) from error


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class _Start:
    """The steps from nothing to a signed-in user."""

    def __init__(self, plan: Plan, supervisor: Supervisor, port: int) -> None:
        self.plan, self.supervisor, self.port = plan, supervisor, port
        self.began = time.monotonic()

    def all(self, sockets: list[socket.socket]) -> None:
        self.start_data()
        self.migrate()
        if self.plan.has_sandbox:
            self.start_sandbox()
        self.start_portal(sockets)
        self.supervisor.until(self.page_answers, what="web", log=self.log("web-1"), seconds=90)
        _say(f"ready after {time.monotonic() - self.began:.1f} s: http://localhost:{self.port}/")
        if self.plan.has_sandbox:
            self.load_demo()
        self.tell()

    def start_data(self) -> None:
        parts = {"postgres": self.plan.postgres, "valkey": self.plan.valkey}
        embedded = {name: part for name, part in parts.items() if part is not None}
        for name, part in embedded.items():
            self.supervisor.start(Service(name, part.command(), prepare=part.prepare, data=True))
        for name, part in embedded.items():
            self.supervisor.until(part.answers, what=name, log=part.log, seconds=60)
        if self.plan.postgres:
            ensure_roles(self.plan.postgres)

    def migrate(self) -> None:
        """Only when the migrations are not those that the database had last: Django needs a second to find out."""
        digest = _migrations_digest()
        if self.plan.postgres and self.plan.postgres.note() == digest:
            return
        _say("migrating the database")
        command = self.manage("migrate", "--no-input", env=self.plan.owner_environment())
        if self.supervisor.run(command):
            raise LocalError(f"the database could not be migrated: {reason(command.log)} (log: {command.log})")
        if self.plan.postgres:
            self.plan.postgres.set_note(digest)

    def start_sandbox(self) -> None:
        port = self.plan.kept.sandbox_port
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                raise LocalError(
                    f"port {port}, which this portal's vendor sandbox lives on, is in use by another program: end it"
                )
        state = self.plan.place.var / "sandbox.sqlite3"
        self.service("sandbox", ["sandbox", "--port", str(port), "--state", state], self.plan.sandbox_environment())

    def start_portal(self, sockets: list[socket.socket]) -> None:
        threads = int(self.plan.given.get("WEB_THREADS", "8"))
        here = {"PORTAL_URL": f"http://localhost:{self.port}"}
        web = self.plan.environment(DATABASE_POOL_SIZE=str(threads + 2), **here)
        descriptors = tuple(listening.fileno() for listening in sockets)
        for number in range(1, WEB_PROCESSES + 1):
            self.service(f"web-{number}", ["portal.local.web", *map(str, descriptors)], web, pass_fds=descriptors)
        for number in range(1, WORKER_PROCESSES + 1):
            self.service(
                f"worker-{number}",
                worker_command(f"worker-{number}", WORKER_THREADS),
                self.plan.environment(DATABASE_POOL_SIZE=str(WORKER_THREADS + 4), **here),
            )
        schedule = self.plan.place.var / "beat-schedule"
        self.service(
            "beat",
            [*CELERY, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "WARNING"],
            self.plan.environment(),
        )

    def load_demo(self) -> None:
        """Once; what it prints (the sign-ins) is kept and told at every start."""
        kept = self.plan.place.var / "demo.txt"
        if kept.exists():
            return
        _say("loading the demo")
        env = self.plan.sandbox_environment()
        command = self.manage("load_demo", env={**env, "PORTAL_URL": f"http://localhost:{self.port}"})
        if self.supervisor.run(command):
            _say(
                f"the demo was NOT loaded: {reason(command.log)} (log: {command.log}). "
                "The portal runs without it; the next start tries again."
            )
            return
        half = kept.with_suffix(".new")
        half.write_text(command.log.read_text())
        half.rename(kept)

    def tell(self) -> None:
        demo = self.plan.place.var / "demo.txt"
        if demo.exists():
            print(f"\n{demo.read_text().strip()}")
        print(f"\nPatchbay: http://localhost:{self.port}/")
        print(f"Data, logs and mails: {self.plan.place.var}. Ctrl-C stops everything.\n", flush=True)

    def service(
        self, name: str, module: list[str | Path], env: Mapping[str, str], pass_fds: tuple[int, ...] = ()
    ) -> None:
        command = Command([sys.executable, "-m", *module], self.log(name), env, CHECKOUT, pass_fds=pass_fds)
        self.supervisor.start(Service(name, command))

    def manage(self, *argv: str, env: Mapping[str, str]) -> Command:
        return Command([sys.executable, "manage.py", *argv], self.log(argv[0]), env, CHECKOUT)

    def log(self, name: str) -> Path:
        return self.plan.place.logs / f"{name}.log"

    def page_answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/", headers={"Host": f"localhost:{self.port}"})
            connection.getresponse()
        except OSError:
            return False
        finally:
            connection.close()
        return True


def _migrations_digest() -> str:
    """Of every migration in the checkout, and of the versions of the packages that bring their own."""
    files = [CHECKOUT / "constraints.txt", *sorted(CHECKOUT.glob("*/migrations/*.py"))]
    files += sorted(CHECKOUT.glob("portal/*/migrations/*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(CHECKOUT)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _put_old_logs_aside(logs: Path) -> None:
    for log in logs.glob("*.log"):
        if log.stat().st_size > LARGEST_LOG_BYTES:
            log.rename(log.with_suffix(".log.1"))


def _say(sentence: str) -> None:
    print(f"patchbay: {sentence}", flush=True)
