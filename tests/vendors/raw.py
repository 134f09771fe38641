"""A vendor made of a bare socket, for what no well-behaved server does; and a client to call it with."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from portal.vendors.http import CallRecord, Limits, Redactor, VendorHttp

Script = Callable[[socket.socket, bytes], object]
TOKEN = "first-token-4711"
NEW_TOKEN = "second-token-4712"
QUICK = Limits(connect_timeout=1, read_timeout=5, total_timeout=10)
BRIEF = Limits(connect_timeout=1, read_timeout=5, total_timeout=0.4)


class RawVendor:
    """Calls `script(connection, request)` for each request; the connection stays open unless the script closes it."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._script = script
        self._tls = tls
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        for each in [self._listener, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while request := _request_from(connection):
                self.requests.append(request)
                self._script(connection, request)
        except OSError:
            return


def _request_from(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    expected = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < expected:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


@contextmanager
def raw_vendor(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[RawVendor]:
    vendor = RawVendor(script, tls)
    try:
        yield vendor
    finally:
        vendor.close()


def parsed(request: bytes) -> tuple[str, str, dict[str, str], bytes]:
    """Method, path, headers by their names in lower case, body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    method, path, _version = first.split(" ")
    return method, path, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


def reply(status: int, body: bytes | dict | list = b"", **headers: str) -> bytes:
    """An HTTP answer; header names are written with `_` for `-`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def replying(*answers: bytes) -> Script:
    """Gives the answers in turn, and the last of them for ever."""
    left = list(answers)

    def script(connection: socket.socket, request: bytes) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return script


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class Tokens:
    """A token source in memory that notes what was rejected."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens or (TOKEN, NEW_TOKEN))
        self.rejected: list[str] = []

    def current(self) -> str:
        return self._tokens[0]

    def renew(self, rejected: str) -> str:
        self.rejected.append(rejected)
        return self._tokens[1]


class Caller(VendorHttp):
    """A VendorHttp with short limits that keeps its call log and its token source at hand."""

    def __init__(
        self,
        url: str,
        *,
        limits: Limits = QUICK,
        tokens: Tokens | None = None,
        redactor: Redactor | None = None,
        send_by: float | None = None,
    ) -> None:
        self.log: list[CallRecord] = []
        self.tokens = tokens or Tokens()
        super().__init__(
            url,
            tokens=self.tokens,
            limits=limits,
            redactor=redactor or Redactor(),
            on_call=self.log.append,
            send_by=send_by,
        )
