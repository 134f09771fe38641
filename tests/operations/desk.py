"""A kind of operation for these tests alone, and the vendor it is promised to: a desk that writes down who knocks."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.utils import timezone

from portal.operations import engine
from portal.operations.models import Attempt, Operation, Status
from portal.operations.promises import submit
from portal.operations.registry import Absent, Found, Kind, PersonSays, absorbs, carries_out, reverts, settles
from portal.operations.work import Work
from portal.tenancy.models import Tenant, User
from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorOutcomeUnknown, VendorRefused
from portal.vendors.models import Connection, ConnectionState

KNOCK = Kind("desk.knock", "Knock at the desk")


@carries_out(KNOCK)
def _carry_out(work: Any) -> str:
    work.remember(door=work.operation.payload["door"])
    return _call("POST", work.operation)


@absorbs(KNOCK)
def _absorb(operation: Operation, answer: Any) -> None:
    _note(operation, answer.reference if isinstance(answer, PersonSays) else answer)


@settles(KNOCK)
def _settle(work: Any) -> Any:
    heard = _call("GET", work.operation)
    return Found(heard, "The desk heard it.") if heard == "heard" else Absent("The desk heard nothing.")


@reverts(KNOCK)
def _revert(operation: Operation) -> None:
    _note(operation, "put right")


def _note(operation: Operation, text: str) -> None:
    """The mirror of this kind is a note on its payload."""
    Operation.objects.filter(pk=operation.pk).update(payload=operation.payload | {"mirror": text})


def _call(method: str, operation: Operation) -> str:
    request = urllib.request.Request(f"{operation.connection.base_url}/{operation.pk}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise VendorRefused("refused", status=error.code, vendor_message="The desk is closed.") from error
    except OSError as error:
        raise VendorOutcomeUnknown("no answer") from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.heard: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.server.heard.append(self.path)
        self._answer("heard")

    def do_GET(self) -> None:
        self._answer("heard" if self.path in self.server.heard else "silence")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """The tests' output is not the desk's."""


@contextmanager
def open_desk() -> Iterator[_Server]:
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def connect(tenant: Tenant, base_url: str = "http://127.0.0.1:9", name: str = "Desk") -> Connection:
    """A connection of `tenant`, in the caller's scope."""
    made = Connection.objects.create(tenant=tenant, vendor="kandy", name=name, base_url=base_url, token_url=base_url)
    ConnectionState.objects.create(tenant=tenant, connection=made)
    return made


@dataclass
class Desk:
    """One tenant's connection to the desk, and the operations promised over it; each method is its own transaction."""

    tenant: Tenant
    url: str
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        with self.scope():
            self.connection = connect(self.tenant, self.url)

    def scope(self):
        return tenant_scope(self.tenant.pk)

    def promise(self, who: User | None, label: str = "Knock once", *, lane: str = "door", **more: Any) -> Operation:
        with self.scope():
            return submit(
                KNOCK,
                connection=self.connection,
                lane=lane,
                label=label,
                payload={"door": "front"},
                subject=self.connection,
                acting_user=who,
                **more,
            )

    def troubled(self, who: User | None, label: str = "Knock once", **more: Any) -> Operation:
        """One whose outcome nobody could find out: sent once, and looked at."""
        operation = self.promise(who, label, **more)
        with self.scope():
            self._attempted(operation)
            engine.change(
                operation,
                status=Status.NEEDS_PERSON,
                trouble=Operation.Trouble.UNKNOWN,
                message="The desk does not tell.",
                attempt_count=1,
                failures_in_a_row=3,
                unknown_since=timezone.now(),
            )
        return operation

    def _attempted(self, operation: Operation) -> None:
        for purpose, outcome in (("send", Attempt.Outcome.UNKNOWN), ("look", Attempt.Outcome.CANNOT_TELL)):
            attempt = engine.open_attempt(operation, Attempt.Purpose(purpose), 1, {"door": "front"})
            engine.close(Work(operation, attempt, 0.0), outcome, message="The desk does not tell.")

    def now(self, operation: Operation) -> Operation:
        """The operation as it is now."""
        with self.scope():
            return Operation.objects.get(pk=operation.pk)

    def decisions(self, operation: Operation) -> list[str]:
        with self.scope():
            return [decision.action for decision in operation.decisions.all()]
