"""Posts to real web processes, as a vendor's platform makes them, and a bare view to compare with: for every benchmark of an
intake.

The measure is a Django view without any middleware that does one INSERT (`bench.bare_view`), in web processes of the same kind,
two of them, as `make run` starts them. Callers keep their connections, and share the machine.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.stack import Stack
from portal.local.embedded import DATABASE, OWNER, Postgres
from portal.local.environment import CHECKOUT
from portal.local.processes import Command, spawn, wait_until
from portal.local.stack import WEB_PROCESSES, listen

PORTAL, BARE = "portal.settings", "bench.bare_settings"
BARE_PATH = "/bare/"
WEB_THREADS = 8
RESTARTS = 4
LEAST_SHARE = 0.5
# A post: what tells it from all others, and the whole request.
Post = tuple[str, bytes]


@dataclass(frozen=True)
class Load:
    """How many callers at once, how long each round, and how many rounds."""

    seconds: float
    rounds: int
    callers: int


def arguments_of(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, default=8, help="at once")
    return parser


def connected(vendor: str, name: str) -> Any:
    """The connection of a new company, with nothing behind it."""
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.models import Connection, ConnectionState

    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
    with tenant_scope(tenant.pk):
        url = "http://127.0.0.1:9/"
        connection = Connection.objects.create(
            tenant=tenant, vendor=vendor, name=name, base_url=url, token_url=url, client_id="a", client_secret="b"
        )
        ConnectionState.objects.create(tenant=tenant, connection=connection)
        connection.spec.created(connection)
    return connection


def make_bare_table(stack: Stack) -> None:
    with Postgres(stack.place).connect(DATABASE, user=OWNER) as owner:
        owner.execute("create table bare_row (id bigserial primary key, body bytea, at timestamptz default now())")
        owner.execute("grant select, insert on bare_row to public")
        owner.execute("grant usage on sequence bare_row_id_seq to public")


def request_of(path: str, body: bytes, headers: str = "") -> bytes:
    """A POST of JSON; each of `headers` ends in CRLF."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


# --- The web processes --------------------------------------------------------------------------------------------------


class Web:
    """Two web processes on one port, which is held for them while they are replaced."""

    def __init__(self, stack: Stack, settings: str, sockets: list[socket.socket]) -> None:
        self.stack, self.settings = stack, settings
        self.descriptors = tuple(each.fileno() for each in sockets)
        self.port = int(sockets[0].getsockname()[1])
        self.processes = [self._start(number) for number in range(WEB_PROCESSES)]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        log = self.stack.place.logs / f"{self.settings}-{number}.log"
        env = {**self.stack.env, "DJANGO_SETTINGS_MODULE": self.settings}
        argv = [sys.executable, "-m", "portal.local.web", *map(str, self.descriptors)]
        child = spawn(Command(argv, log, env, CHECKOUT, pass_fds=self.descriptors))
        self.stack.children.append((child, signal.SIGTERM))
        return child

    def replace(self, number: int) -> None:
        """Stop one as the supervisor does, and start another in its place."""
        self.processes[number].terminate()
        self.processes[number].wait(20)
        self.processes[number] = self._start(number)

    def wait(self) -> None:
        log = self.stack.place.logs / f"{self.settings}-0.log"
        wait_until(lambda: _answers(self.port), self.processes[0], what="web", log=log, seconds=60)


@contextmanager
def running_web(stack: Stack, settings: str) -> Iterator[Web]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with ExitStack() as undo:
        web = Web(stack, settings, [undo.enter_context(closing(each)) for each in listen(port)])
        web.wait()
        yield web
        for child in web.processes:
            child.terminate()
            child.wait(20)


def _answers(port: int) -> bool:
    with Caller(port) as caller:
        try:
            return caller.status(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n") in (200, 404)
        except OSError:
            return False


class Caller:
    """One kept connection; opened anew where the other side closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def status(self, request: bytes) -> int:
        """Raises OSError when no whole answer came."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(request)
            return self._read()
        except OSError:
            self._close()
            raise

    def _read(self) -> int:
        answer = self._until(b"", b"\r\n\r\n")
        head, _mark, body = answer.partition(b"\r\n\r\n")
        if b"chunked" in head.lower():
            self._until(body, b"0\r\n\r\n")
        else:
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            while len(body) < length:
                body += self._more()
        return int(head[9:12])

    def _until(self, answer: bytes, mark: bytes) -> bytes:
        while mark not in answer:
            answer += self._more()
        return answer

    def _more(self) -> bytes:
        assert self._socket is not None
        if some := self._socket.recv(65_536):
            return some
        raise ConnectionResetError("the connection was closed")

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None


# --- What is measured ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """How posts were taken: at which share of the bare view's rate, 99 of 100 within `worst_ms`, and which over restarts."""

    share: float
    worst_ms: float
    told: list[str]

    def flaws(self, stored: set[str], what: str) -> list[str]:
        found, lost = [], len(set(self.told) - stored)
        if self.share < LEAST_SHARE:
            found.append(f"taken at {self.share:.2f} of the bare view's rate instead of {LEAST_SHARE}")
        if lost:
            found.append(f"{lost} {what} lost over restarts")
        return found


def taken_of(stack: Stack, make: Callable[[], Post], make_bare: Callable[[], Post], arguments: Any) -> Taken:
    load = Load(arguments.seconds, arguments.rounds, arguments.callers)
    make_bare_table(stack)
    with running_web(stack, PORTAL) as portal, running_web(stack, BARE) as bare:
        share, rate = share_of(portal, bare, make, make_bare, load)
        worst_ms = latency_of(portal, make, rate / 2, load)
        return Taken(share, worst_ms, told_over_restarts(portal, make, load, RESTARTS))


def followed(some: Callable[[], int], what: str) -> float:
    """How many a second the worker follows, until there are none left."""
    began, done = time.monotonic(), 0
    while number := some():
        done += number
    rate = done / (time.monotonic() - began)
    print(f"{done} {what} followed at {rate:.0f}/s", flush=True)
    return rate


def share_of(
    portal: Web, bare: Web, make: Callable[[], Post], make_bare: Callable[[], Post], load: Load
) -> tuple[float, float]:
    """The portal's share of the bare view's rate, and its rate; medians of rounds taken in turns."""
    taken, measure = [], []
    for _round in range(load.rounds):
        measure.append(rate_of(bare, make_bare, load))
        taken.append(rate_of(portal, make, load))
    rate, other = statistics.median(taken), statistics.median(measure)
    print(f"one INSERT  {other:7.0f}/s   taken {rate:7.0f}/s   share {rate / other:.2f}", flush=True)
    return rate / other, rate


def rate_of(web: Web, make: Callable[[], Post], load: Load) -> float:
    requests = [[make()[1] for _each in range(int(400 * load.seconds))] for _caller in range(load.callers)]
    ends = time.monotonic() + load.seconds

    def call(mine: list[bytes]) -> int:
        done = 0
        with Caller(web.port) as caller:
            for request in mine:
                if time.monotonic() > ends:
                    break
                if caller.status(request) != 200:
                    raise SystemExit("a post was refused")
                done += 1
        return done

    began = time.monotonic()
    with ThreadPoolExecutor(load.callers) as callers:
        done = sum(callers.map(call, requests))
    return done / (time.monotonic() - began)


def latency_of(web: Web, make: Callable[[], Post], rate: float, load: Load) -> float:
    """Milliseconds within which 99 of 100 are answered when `rate` come a second, counted from when each was to leave."""
    number = int(rate * load.seconds * 2)
    requests, places = [make()[1] for _each in range(number)], iter(range(number))
    began, times, lock = time.monotonic() + 0.2, [], threading.Lock()

    def call(_caller: int) -> None:
        with Caller(web.port) as caller:
            while True:
                with lock:
                    place = next(places, None)
                if place is None:
                    return
                due = began + place / rate
                time.sleep(max(0.0, due - time.monotonic()))
                caller.status(requests[place])
                times.append(1_000 * (time.monotonic() - due))

    with ThreadPoolExecutor(load.callers * 2) as callers:
        list(callers.map(call, range(load.callers * 2)))
    worst = statistics.quantiles(times, n=100)[98]
    print(
        f"at half load ({rate:.0f}/s): median {statistics.median(times):.1f} ms, 99 of 100 {worst:.1f} ms", flush=True
    )
    return worst


def told_over_restarts(web: Web, make: Callable[[], Post], load: Load, restarts: int) -> list[str]:
    """What was told to be taken while processes are replaced. Who gets no answer comes again, as the vendor does."""
    over, told, again = threading.Event(), [], []

    def call(_caller: int) -> None:
        with Caller(web.port) as caller:
            while not over.is_set():
                identity, request = make()
                while not _taken(caller, request):
                    again.append(identity)
                    time.sleep(0.05)
                told.append(identity)

    with ThreadPoolExecutor(load.callers) as callers:
        calls = [callers.submit(call, each) for each in range(load.callers)]
        for each in range(restarts):
            time.sleep(1)
            _replace(web, each)
        time.sleep(1)
        over.set()
        for each in calls:
            each.result()
    print(f"{len(told)} taken over {restarts} restarts, {len(again)} came again", flush=True)
    return told


def _replace(web: Web, number: int) -> None:
    """In turns gracefully and by force."""
    if number % 2:
        os.kill(web.processes[number % WEB_PROCESSES].pid, signal.SIGKILL)
    web.replace(number % WEB_PROCESSES)


def _taken(caller: Caller, request: bytes) -> bool:
    try:
        return caller.status(request) == 200
    except OSError:
        return False
