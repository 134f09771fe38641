"""Time, memory, sockets: a vendor's oddities cost no more than allowed."""

import gzip
import itertools
import signal
import socket
import threading
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest

from portal.vendors import wire
from portal.vendors.errors import VendorOutcomeUnknown, VendorProtocolError, VendorRefused, VendorUnavailable
from portal.vendors.http import Limits
from portal.vendors.wire import IDLE_SECONDS
from tests.vendors.raw import BRIEF, QUICK, Caller, hang_up, raw_vendor, reply, replying

SMALL = Limits(connect_timeout=1, read_timeout=5, total_timeout=10, max_answer_bytes=100_000)
PATIENCE = 5.0


def dripping(start: bytes, drop: bytes):
    """Sends `start`, then one `drop` at a time without end."""

    def script(connection: socket.socket, request: bytes) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(drop)
            time.sleep(0.05)

    return script


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 ", b"2"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["first byte", "status line", "headers", "interim answers"],
)
def test_headers_that_drip_end_at_the_deadline(start, drop):
    with raw_vendor(dripping(start, drop)) as vendor:
        began = time.monotonic()
        caller = Caller(vendor.url, limits=BRIEF)
        with pytest.raises(VendorOutcomeUnknown, match=r"took longer than 0\.4 s"):
            caller.post("/order")
        with pytest.raises(VendorUnavailable):
            caller.get("/order")
        assert time.monotonic() - began < PATIENCE
        assert len(caller.log) == 2


@pytest.mark.parametrize(
    "headers", [b"Content-Length: 9999\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"]
)
def test_a_body_that_drips_ends_at_the_deadline(headers):
    drop = b"1\r\n1\r\n" if b"chunked" in headers else b"1"
    with raw_vendor(dripping(b"HTTP/1.1 201 Created\r\n" + headers + b"\r\n", drop)) as vendor:
        began = time.monotonic()
        caller = Caller(vendor.url, limits=BRIEF)
        with pytest.raises(VendorOutcomeUnknown) as caught:
            caller.post("/order")
        with pytest.raises(VendorUnavailable):
            caller.get("/order")
        assert caught.value.status == 201
        assert time.monotonic() - began < PATIENCE


def test_a_refusal_stays_a_refusal_though_its_body_drips():
    script = dripping(b"HTTP/1.1 412 No\r\nContent-Length: 99\r\n\r\n", b"x")
    with raw_vendor(script) as vendor, pytest.raises(VendorRefused):
        Caller(vendor.url, limits=BRIEF).post("/order")


def test_silence_ends_at_the_read_timeout():
    with raw_vendor(lambda connection, request: None) as vendor:
        caller = Caller(vendor.url, limits=Limits(connect_timeout=1, read_timeout=0.2, total_timeout=10))
        with pytest.raises(VendorOutcomeUnknown, match="no answer in time"):
            caller.post("/order")


def test_a_call_that_is_broken_off_from_outside_is_in_the_log():
    class TimeIsUp(BaseException):
        pass

    def break_in(number, frame):
        raise TimeIsUp

    previous = signal.signal(signal.SIGALRM, break_in)
    try:
        with raw_vendor(lambda connection, request: None) as vendor:
            caller = Caller(vendor.url)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(TimeIsUp):
                caller.post("/order")
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert [record.error for record in caller.log] == ["interrupted"]


def test_a_vendor_that_takes_no_connections_in_time_was_sent_nothing():
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    address = listener.getsockname()
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(address)
    try:
        caller = Caller(f"http://127.0.0.1:{address[1]}", limits=Limits(connect_timeout=0.2))
        with pytest.raises(VendorUnavailable, match="no connection in time"):
            caller.post("/order")
    finally:
        for each in [listener, *fillers]:
            each.close()


def test_a_tls_handshake_that_drips_ends_at_the_deadline_with_nothing_sent():
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        try:
            # A record header that promises 16 kB, which then come one byte at a time.
            connection.sendall(b"\x16\x03\x03\x3f\xff")
            while True:
                connection.sendall(b"\0")
                time.sleep(0.05)
        except OSError:
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    limits = Limits(connect_timeout=20, total_timeout=0.4)
    began = time.monotonic()
    with pytest.raises(VendorUnavailable, match=r"Nothing was sent.*took longer"):
        Caller(f"https://127.0.0.1:{listener.getsockname()[1]}", limits=limits).post("/order")
    assert time.monotonic() - began < PATIENCE
    listener.close()


def endless(headers: bytes, piece: bytes):
    def script(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n")
        while True:
            connection.sendall(piece)

    return script


@pytest.mark.parametrize(
    "script",
    [
        endless(b"Connection: close\r\n", b" " * 65_536),
        endless(b"Transfer-Encoding: chunked\r\n", b"ffff\r\n" + b" " * 65_535 + b"\r\n"),
        endless(b"Content-Length: 99999999999\r\n", b" " * 65_536),
    ],
    ids=["until closed", "chunked", "with a length"],
)
def test_an_endless_body_is_read_to_the_cap(script):
    with raw_vendor(script) as vendor:
        with pytest.raises(VendorOutcomeUnknown, match="larger than 100000 bytes"):
            Caller(vendor.url, limits=SMALL).post("/order")
        with pytest.raises(VendorProtocolError, match="larger than 100000 bytes"):
            Caller(vendor.url, limits=SMALL).get("/order")


def bomb(megabytes: int) -> bytes:
    """Zeros, packed twice, without ever holding them all."""
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()
    return gzip.compress(packed, 9)


@pytest.mark.parametrize("status", [200, 302, 412])
def test_a_gzip_bomb_is_unpacked_to_the_cap_only(status):
    answer = reply(status, bomb(megabytes=100), Content_Encoding="gzip, gzip", Location="/elsewhere")
    tracemalloc.start()
    with raw_vendor(replying(answer)) as vendor, pytest.raises((VendorOutcomeUnknown, VendorRefused)):
        Caller(vendor.url, limits=SMALL).post("/order")
    most_bytes_held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most_bytes_held < 5_000_000


def test_an_answer_just_within_the_cap_is_taken():
    body = b'"' + b"x" * (SMALL.max_answer_bytes - 2) + b'"'
    with raw_vendor(replying(reply(200, gzip.compress(body), Content_Encoding="gzip"))) as vendor:
        assert len(Caller(vendor.url, limits=SMALL).get("/order")) == SMALL.max_answer_bytes - 2


def test_connections_are_used_again():
    with raw_vendor(replying(reply(200, {}), reply(404, {}), reply(200, {}))) as vendor:
        caller = Caller(vendor.url)
        caller.get("/order")
        with pytest.raises(VendorRefused):
            caller.get("/order/O1")
        Caller(vendor.url).post("/order")
        assert vendor.connections == 1


def test_a_connection_that_the_vendor_closed_meanwhile_is_not_used():
    def script(connection, request):
        connection.sendall(reply(200, {}))
        hang_up(connection)

    with raw_vendor(script) as vendor:
        caller = Caller(vendor.url)
        for _ in range(3):
            caller.post("/order")
            time.sleep(0.02)
        assert vendor.connections == 3


def test_a_connection_that_idled_for_long_is_retired(monkeypatch):
    with raw_vendor(replying(reply(200, {}))) as vendor:
        caller = Caller(vendor.url)
        caller.post("/order")
        later = time.monotonic() + IDLE_SECONDS + 1
        monkeypatch.setattr("portal.vendors.wire.time.monotonic", lambda: later)
        monkeypatch.setattr("portal.vendors.exchange.time.monotonic", lambda: later)
        caller.post("/order")
        assert vendor.connections == 2


def test_a_connection_is_not_used_after_an_unread_answer():
    huge = reply(200, b" " * 500_000)
    with raw_vendor(replying(huge, reply(200, {"fresh": 1}))) as vendor:
        caller = Caller(vendor.url, limits=SMALL)
        with pytest.raises(VendorOutcomeUnknown):
            caller.post("/order")
        assert caller.get("/order") == {"fresh": 1}
        assert vendor.connections == 2


def test_each_thread_gets_its_own_answers_over_its_own_connection():
    numbers = itertools.count()
    threads, calls = 8, 25

    def echo(connection, request):
        next(numbers)
        path = request.split(b" ")[1]
        connection.sendall(reply(200, b'"' + path + b'"'))

    with raw_vendor(echo) as vendor:
        caller, wrong = Caller(vendor.url, limits=QUICK), []
        barrier = threading.Barrier(threads)

        def work(name):
            barrier.wait()
            for number in range(calls):
                path = f"/{name}/{number}"
                if caller.get(path) != path:
                    wrong.append(path)

        workers = [threading.Thread(target=work, args=[name]) for name in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert wrong == []
        assert next(numbers) == threads * calls
        assert len(caller.log) == threads * calls
        assert vendor.connections == threads


def test_a_request_leaves_in_one_piece():
    pieces = []

    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        pieces.append(connection.recv(65_536))
        connection.sendall(reply(200, {}))
        connection.close()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    Caller(f"http://127.0.0.1:{listener.getsockname()[1]}").post("/order", json={"quantity": 5})
    server.join()
    listener.close()
    assert pieces[0].endswith(b'{"quantity": 5}')


def test_cookies_are_neither_kept_nor_sent_back():
    with raw_vendor(replying(reply(200, {}, Set_Cookie="session=abc; Path=/"))) as vendor:
        caller = Caller(vendor.url)
        caller.get("/order")
        caller.get("/order")
    assert b"cookie" not in vendor.requests[1].lower()
    assert len(wire._session().cookies) == 0


def test_redirects_are_not_followed():
    with raw_vendor(replying(reply(200, {}))) as elsewhere:
        answer = reply(302, b"", Location=elsewhere.url + "/order")
        with raw_vendor(replying(answer)) as vendor:
            with pytest.raises(VendorOutcomeUnknown):
                Caller(vendor.url).post("/order")
            with pytest.raises(VendorUnavailable):
                Caller(vendor.url).get("/order")
        assert elsewhere.connections == 0


def test_no_descriptor_is_left_behind():
    def open_descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with raw_vendor(lambda connection, request: hang_up(connection)) as vendor:
        counts = []
        for _ in range(3):
            for _ in range(10):
                with pytest.raises(VendorOutcomeUnknown):
                    Caller(vendor.url).post("/order")
            time.sleep(0.05)
            counts.append(open_descriptors())
    # The server's own ends are closed by its script; a leak of ours would add ten each time.
    assert counts[2] - counts[0] < 10
