"""How fast delivery reports are taken, and that none is lost: real web processes, two of them, as `make run` starts them.

The measure is a Django view without any middleware that does one INSERT, in web processes of the same kind, asked in turns
with the portal in the same run. Callers keep their connections, as the vendor's platform does, and share the machine.

    python -m bench.reports [--seconds 4] [--rounds 3] [--callers 8] [--processed 20000]
"""

import argparse
import hashlib
import hmac
import json
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
from itertools import count
from urllib.parse import urlsplit

from bench.stack import Stack, running_stack
from portal.local.embedded import DATABASE, OWNER, Postgres
from portal.local.environment import CHECKOUT
from portal.local.processes import Command, spawn, wait_until
from portal.local.stack import WEB_PROCESSES, listen

SECRET = b"secret-of-the-bench"
LEAST_SHARE, MOST_MS, LEAST_PROCESSED = 0.5, 25.0, 2_000
WEB_THREADS = 8
RESTARTS = 4


def main() -> int:
    arguments = _arguments()
    with running_stack(DATABASE_POOL_SIZE=str(WEB_THREADS + 2)) as stack:
        _make_bare_table(stack)
        post = Posts(_addresses(arguments.processed))
        with _web(stack, "portal.settings") as portal, _web(stack, "bench.bare_settings") as bare:
            share, rate = _rates(portal, bare, post, arguments)
            worst = _latency(portal, post, rate / 2, arguments)
            lost = _restarts(portal, post, arguments)
        processed = _process(post.connection)
    flaws = [
        *([f"taken at {share:.2f} of the bare view's rate instead of {LEAST_SHARE}"] if share < LEAST_SHARE else []),
        *([f"99 of 100 at half load within {worst:.1f} ms instead of {MOST_MS}"] if worst > MOST_MS else []),
        *([f"{lost} reports lost over restarts"] if lost else []),
        *([f"{processed:.0f} processed a second instead of {LEAST_PROCESSED}"] if processed < LEAST_PROCESSED else []),
    ]
    print("\n".join(flaws) or "good", flush=True)
    return 1 if flaws else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, default=8, help="at once")
    parser.add_argument("--processed", type=int, default=20_000, help="messages whose reports come")
    return parser.parse_args()


# --- What is posted -----------------------------------------------------------------------------------------------------


def _make_bare_table(stack: Stack) -> None:
    with Postgres(stack.place).connect(DATABASE, user=OWNER) as owner:
        owner.execute("create table bare_row (id bigserial primary key, body bytea, at timestamptz default now())")
        owner.execute("grant select, insert on bare_row to public")
        owner.execute("grant usage on sequence bare_row_id_seq to public")


@dataclass(frozen=True)
class Whose:
    """Numbers of messages by the path of their sending."""

    tenant_id: int
    connection_id: int
    numbers: list[tuple[str, str]]


def _addresses(messages: int) -> Whose:
    """A campaign of so many messages that were handed over."""
    from messaging.connecting import prepare
    from messaging.models import MOST_IN_A_CALL, Batch, Campaign, Message, Sending, SigningKey
    from messaging.reports.addresses import report_url
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.models import Connection, ConnectionState

    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
    numbers: list[tuple[str, str]] = []
    with tenant_scope(tenant.pk):
        url = "http://127.0.0.1:9/"
        connection = Connection.objects.create(
            tenant=tenant, vendor="kpn_sms", name="SMS", base_url=url, token_url=url, client_id="a", client_secret="b"
        )
        ConnectionState.objects.create(tenant=tenant, connection=connection)
        prepare(connection)
        SigningKey.objects.create(
            tenant=tenant, connection=connection, key_id="wk_bench", secret=SECRET.decode(), state="active"
        )
        campaign = Campaign.objects.create(tenant=tenant, connection=connection, name="Bench", sender="Acme")
        for first in range(0, messages, MOST_IN_A_CALL):
            batch = Batch.objects.create(tenant=tenant, campaign=campaign, number=first // MOST_IN_A_CALL)
            some = [f"+316{10_000_000 + each}" for each in range(first, first + MOST_IN_A_CALL)]
            Message.objects.bulk_create(
                Message(
                    tenant=tenant,
                    campaign=campaign,
                    batch=batch,
                    number=number,
                    country="NL",
                    parts=1,
                    state="handed_over",
                )
                for number in some
            )
            sending = Sending.objects.create(
                tenant=tenant, batch=batch, connection=connection, number=1, messages=len(some)
            )
            path = urlsplit(report_url(sending)).path
            numbers += [(path, number) for number in some]
    return Whose(tenant.pk, connection.pk, numbers)


class Posts:
    """Requests as bytes, each with a report that was not there before. Used by all callers."""

    def __init__(self, connection: Whose) -> None:
        self.connection = connection
        self._next = count()

    def report(self) -> tuple[str, bytes]:
        """The report's own ID and the whole request."""
        place = next(self._next)
        path, number = self.connection.numbers[place % len(self.connection.numbers)]
        return self._request(place, path, number)

    def bare(self) -> tuple[str, bytes]:
        """The same bytes to the bare view."""
        return self._request(next(self._next), "/bare/", "+31612345678")

    def _request(self, place: int, path: str, number: str) -> tuple[str, bytes]:
        identity = f"bench-{place}"
        told = {
            "DLRID": identity, "MessageType": "sms_dlr", "RecipientPhonenumber": number, "StatusCode": 1,
            "StatusDateTime": int(time.time()), "CustomerId": "customer-1", "DocumentId": "",
        }  # fmt: skip
        body = json.dumps(told).encode()
        signed = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-KPN-Webhook-Signature: {signed}\r\nX-KPN-Webhook-Key-Id: wk_bench\r\n\r\n"
        )
        return identity, head.encode() + body


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
def _web(stack: Stack, settings: str) -> Iterator[Web]:
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


def _rates(portal: Web, bare: Web, post: Posts, arguments: argparse.Namespace) -> tuple[float, float]:
    """The portal's share of the bare view's rate, and its rate; medians of rounds taken in turns."""
    taken, measure = [], []
    for _round in range(arguments.rounds):
        measure.append(_rate(bare, post.bare, arguments))
        taken.append(_rate(portal, post.report, arguments))
    rate, other = statistics.median(taken), statistics.median(measure)
    print(f"one INSERT  {other:7.0f}/s   reports {rate:7.0f}/s   share {rate / other:.2f}", flush=True)
    return rate / other, rate


def _rate(web: Web, make: Callable[[], tuple[str, bytes]], arguments: argparse.Namespace) -> float:
    requests = [[make()[1] for _each in range(int(400 * arguments.seconds))] for _caller in range(arguments.callers)]
    ends = time.monotonic() + arguments.seconds

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
    with ThreadPoolExecutor(arguments.callers) as callers:
        done = sum(callers.map(call, requests))
    return done / (time.monotonic() - began)


def _latency(web: Web, post: Posts, rate: float, arguments: argparse.Namespace) -> float:
    """Milliseconds within which 99 of 100 are answered when `rate` come a second, counted from when each was to leave."""
    number = int(rate * arguments.seconds * 2)
    requests, places = [post.report()[1] for _each in range(number)], iter(range(number))
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

    with ThreadPoolExecutor(arguments.callers * 2) as callers:
        list(callers.map(call, range(arguments.callers * 2)))
    worst = statistics.quantiles(times, n=100)[98]
    print(
        f"at half load ({rate:.0f}/s): median {statistics.median(times):.1f} ms, 99 of 100 {worst:.1f} ms", flush=True
    )
    return worst


def _restarts(web: Web, post: Posts, arguments: argparse.Namespace) -> int:
    """How many reports that were told to be taken are not there. Who gets no answer comes again, as the vendor does."""
    over, told, again = threading.Event(), [], []

    def call(_caller: int) -> None:
        with Caller(web.port) as caller:
            while not over.is_set():
                identity, request = post.report()
                while not _taken(caller, request):
                    again.append(identity)
                    time.sleep(0.05)
                told.append(identity)

    with ThreadPoolExecutor(arguments.callers) as callers:
        calls = [callers.submit(call, each) for each in range(arguments.callers)]
        for each in range(RESTARTS):
            time.sleep(1)
            _replace(web, each)
        time.sleep(1)
        over.set()
        for each in calls:
            each.result()
    lost = len(set(told) - _stored(post.connection))
    print(f"{RESTARTS} restarts: {len(told)} taken, {len(again)} came again, {lost} lost", flush=True)
    return lost


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


def _stored(whose: Whose) -> set[str]:
    from messaging.models import Report
    from portal.tenancy.scope import tenant_scope

    with tenant_scope(whose.tenant_id):
        bodies = Report.objects.filter(connection_id=whose.connection_id).values_list("body", flat=True)
        return {json.loads(bytes(body))["DLRID"] for body in bodies.iterator()}


def _process(whose: Whose) -> float:
    """Reports a second that the worker follows."""
    from messaging.reports import applying

    began, done = time.monotonic(), 0
    while some := applying.process(whose.tenant_id, whose.connection_id):
        done += some
    rate = done / (time.monotonic() - began)
    print(f"{done} reports followed at {rate:.0f}/s", flush=True)
    return rate


if __name__ == "__main__":
    sys.exit(main())
