"""One HTTP exchange on the wire: what left, what came back, and never more time or memory than allowed.

Whether a request can have reached the vendor is a fact recorded where its first byte is handed to the socket; the names
of the exceptions that requests and urllib3 raise afterwards are not asked.
"""

import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from portal.vendors.network import InnerAddress, public_addresses
from portal.vendors.spool import Spool
from portal.vendors.transmission import PRIVATE, NotSent, Transmission, watch

CHUNK = 16_384
# Bytes of a spooled body that are also kept at hand, for the log and for what an error says.
AT_HAND = 200_000
# Servers close idle connections, often after five seconds. A write sent into that moment gets no answer and is then
# unknown for minutes; a new connection costs milliseconds.
IDLE_SECONDS = 3.0
# What the commonest ends of a connection are called among people.
IN_WORDS: dict[type[BaseException], str] = {
    RemoteDisconnected: "the vendor closed the line",
    ConnectionResetError: "the vendor broke the line",
    BrokenPipeError: "the vendor broke the line",
}


@dataclass(frozen=True)
class Limits:
    """Of one call, in seconds and bytes (counted after decompression). Proxies are used only when named here.

    Connecting counts for each address of the host; looking up its name takes what the resolver takes. Both are safe:
    past the total nothing is sent any more.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    total_timeout: float = 30.0
    max_answer_bytes: int = 5_000_000
    # Of a list that is read into a spool.
    list_timeout: float = 90.0
    max_list_bytes: int = 200_000_000
    proxy_url: str = ""
    # Refuse to speak to a machine of one's own network, whatever name led there. A proxy guards its own way out.
    public_only: bool = False


@dataclass(frozen=True)
class Answer:
    """`flaw` says why the body is not the whole one, "" when it is; `timed_out` is True when it took too long.

    Of a body that went into a spool, `body` is the beginning.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    flaw: str = ""
    timed_out: bool = False


@dataclass(frozen=True)
class NoAnswer:
    """`sent` is True when the vendor may have received something of the request."""

    reason: str
    sent: bool


def transmit(
    request: requests.PreparedRequest, limits: Limits, transmission: Transmission, spool: Spool | None = None
) -> Answer | NoAnswer:
    """Send the request once and read its answer. Redirects are answers; cookies are neither kept nor sent."""
    token = _current.set(transmission)
    transmission.public_only = limits.public_only and not limits.proxy_url
    watch(transmission)
    try:
        response = _session().send(
            request,
            stream=True,
            allow_redirects=False,
            timeout=(limits.connect_timeout, limits.read_timeout),
            proxies={"http": limits.proxy_url, "https": limits.proxy_url} if limits.proxy_url else {},
        )
        with closing(response):
            return _read(response, limits, transmission, spool)
    except Exception as failure:  # noqa: BLE001 - whatever it was, the mark alone says whether something was sent
        return NoAnswer(_why(failure, limits, transmission), transmission.sent)
    finally:
        transmission.end()
        _current.reset(token)


def _read(response: requests.Response, limits: Limits, transmission: Transmission, spool: Spool | None) -> Answer:
    body, size, flaw, timed_out = bytearray(), 0, "", False
    try:
        for chunk in response.iter_content(CHUNK):
            size += len(chunk)
            if spool is not None:
                spool.write(chunk)
            if spool is None or len(body) < AT_HAND:
                body += chunk
            if size > limits.max_answer_bytes:
                flaw = f"the answer is larger than {limits.max_answer_bytes} bytes"
                break
    except Exception as failure:  # noqa: BLE001 - the status has come: a body that breaks off is a flaw of the answer
        flaw = _why(failure, limits, transmission)
        timed_out = isinstance(_root(failure), TimeoutError)
    if transmission.cut:
        # Headers and bodies that end with the connection look whole, and that end was made by us.
        flaw, timed_out = _overdue(limits), True
    elif not (flaw or body) and _may_have_lost_its_headers(response):
        flaw = "the answer broke off"
    return Answer(response.status_code, response.headers, bytes(body[: limits.max_answer_bytes]), flaw, timed_out)


def _may_have_lost_its_headers(response: requests.Response) -> bool:
    """http.client takes a connection that ends amid the headers for the end of them, and of an empty answer."""
    told_its_length = "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
    return not told_its_length and response.status_code not in (204, 205, 304)


def _why(failure: BaseException, limits: Limits, transmission: Transmission) -> str:
    if transmission.cut:
        return _overdue(limits)
    if isinstance(failure, requests.Timeout) or isinstance(_root(failure), TimeoutError):
        return "no answer in time" if transmission.sent else "no connection in time"
    return reason_of(failure)


def reason_of(failure: BaseException) -> str:
    """The root of the failure in a few words, without the addresses that requests puts into its own."""
    root = _root(failure)
    if isinstance(root, NotSent):
        return str(root)
    if type(root) in IN_WORDS:
        return IN_WORDS[type(root)]
    words = getattr(root, "verify_message", None) or getattr(root, "strerror", None)
    return f"{type(root).__name__}: {words}" if words else type(root).__name__


def _overdue(limits: Limits) -> str:
    return f"took longer than {limits.total_timeout:g} s in all"


def _root(failure: BaseException) -> BaseException:
    for _ in range(10):
        inner = [failure.__cause__, getattr(failure, "reason", None), *failure.args]
        deeper = next((each for each in inner if isinstance(each, BaseException)), None)
        if deeper is None:
            break
        failure = deeper
    return failure


# --- Connections that know which transmission they serve ----------------------------------------------------------

_current: ContextVar[Transmission] = ContextVar("transmission")


class _Marking:
    """Collects a request and hands it to the socket in one piece, after asking the transmission whether it still may.

    One piece, because a request whose body follows its headers has a gap in which a worker can freeze.
    """

    used_at = 0.0
    sock: Any
    port: int
    _dns_host: str
    _held: list[bytes] | None = None

    def _new_conn(self) -> socket.socket:
        transmission = _current.get()
        sock = self._public_conn() if transmission.public_only else super()._new_conn()  # type: ignore[misc]
        # Adopted before a proxy's answer to CONNECT and the TLS handshake, which can drip as well.
        transmission.adopt(sock)
        return sock

    def _public_conn(self) -> socket.socket:
        """Looked up once, and connected to by number: the name cannot lead elsewhere in between."""
        name = self._dns_host
        try:
            addresses = public_addresses(name, self.port)
        except InnerAddress:
            raise NotSent(PRIVATE) from None
        try:
            return self._first_of(addresses)
        finally:
            self._dns_host = name

    def _first_of(self, addresses: list[str]) -> socket.socket:
        *others, last = addresses
        for self._dns_host in others:
            try:
                return super()._new_conn()  # type: ignore[misc]
            except HTTPError:
                continue
        self._dns_host = last
        return super()._new_conn()  # type: ignore[misc]

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._held = []
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]
        finally:
            held, self._held = self._held, None
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        transmission = _current.get()
        transmission.adopt(self.sock)
        transmission.depart()
        super().send(b"".join(held))  # type: ignore[misc]

    def send(self, data: Any) -> None:
        # What is sent outside a request is a proxy's CONNECT, which says nothing to the vendor.
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held.append(bytes(data))


class _Connection(_Marking, HTTPConnection):
    pass


class _TlsConnection(_Marking, HTTPSConnection):
    pass


class _Retiring:
    """Closes a connection that was idle for too long instead of risking a request on it."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        if time.monotonic() - connection.used_at > IDLE_SECONDS:
            connection.close()
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            connection.used_at = time.monotonic()
        super()._put_conn(connection)  # type: ignore[misc]


class _Pool(_Retiring, HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(_Retiring, HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, for requests reads the whole body of a redirect into memory even when it does not follow it."""


class _Sessions(threading.local):
    def __init__(self) -> None:
        self.session = _Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _Adapter(pool_connections=16, pool_maxsize=1, max_retries=0))


def _session() -> requests.Session:
    return _sessions.session


def _forget_sessions() -> None:
    """A forked worker must not speak on its parent's sockets."""
    global _sessions
    _sessions = _Sessions()


_sessions = _Sessions()
os.register_at_fork(after_in_child=_forget_sessions)
