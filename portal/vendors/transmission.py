"""The way of one request through its socket: may it still leave, has it left, when is it cut off."""

import heapq
import itertools
import os
import socket
import threading
import time

from portal.vendors.network import is_public, number_of

PRIVATE = "the name leads into a private network"


class NotSent(Exception):
    """Held back before its first byte."""


class Transmission:
    """Made for one exchange, used by the thread that carries it out and by the watchdog.

    `deadline` and `send_by` are moments of `time.monotonic()`.
    """

    def __init__(self, *, deadline: float, send_by: float | None = None) -> None:
        self.deadline = deadline
        self.sent = False
        self.cut = False
        self.over = False
        self.public_only = False
        self._send_by = send_by
        self._handle: socket.socket | None = None
        self._lock = threading.Lock()

    def adopt(self, sock: socket.socket) -> None:
        """Remember the socket that the request goes through, from now until `end`.

        By a descriptor of our own: TLS takes the first one away, and http.client closes its own before a body is read.
        Raises NotSent when it leads to nobody of the public internet although it must.
        """
        self._meet(sock)
        handle = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            previous, self._handle = self._handle, handle
        if previous is not None:
            previous.close()

    def _meet(self, sock: socket.socket) -> None:
        """Look at who was reached before anything is said: a name may lead anywhere."""
        number = number_of(sock.getpeername()[0]) if self.public_only else None
        if number is not None and not is_public(number):
            sock.close()
            raise NotSent(PRIVATE)

    def depart(self) -> None:
        """Mark that the first byte is sent next. Raises NotSent when it is too late for that."""
        now = time.monotonic()
        if self._send_by is not None and now > self._send_by:
            raise NotSent("the claim on this call ran out before it was sent")
        if self.cut or now > self.deadline:
            raise NotSent("no time was left to send the call")
        self.sent = True

    def cut_off(self) -> None:
        """Wake whoever waits for the vendor, by ending the connection under it."""
        with self._lock:
            if self.over:
                return
            self.cut = True
            if self._handle is not None:
                _shut_down(self._handle)

    def end(self) -> None:
        with self._lock:
            self.over = True
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


def _shut_down(handle: socket.socket) -> None:
    try:
        handle.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The vendor was quicker: the connection is gone already.
        return


class Watchdog:
    """One thread that cuts off every transmission which is not over at its deadline.

    Socket time-outs count from the last byte, so an answer that drips one byte at a time never meets them.
    """

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Transmission]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, transmission: Transmission) -> None:
        with self._changed:
            heapq.heappush(self._queue, (transmission.deadline, next(self._numbers), transmission))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="vendor-deadlines", daemon=True)
                self._thread.start()
            elif self._queue[0][2] is transmission:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next_overdue().cut_off()

    def _next_overdue(self) -> Transmission:
        with self._changed:
            while True:
                while self._queue and self._queue[0][2].over:
                    heapq.heappop(self._queue)
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._queue)[2]
                self._changed.wait(wait)


def watch(transmission: Transmission) -> None:
    """Have the transmission cut off at its deadline unless it is over by then."""
    _watchdog.watch(transmission)


def _new_watchdog() -> None:
    """Threads do not survive a fork, and the lock may have been held by one."""
    global _watchdog
    _watchdog = Watchdog()


_watchdog = Watchdog()
os.register_at_fork(after_in_child=_new_watchdog)
