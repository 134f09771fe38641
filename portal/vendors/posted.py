"""What vendors post to the portal: bodies of bearable size, and telling a worker that something came."""

import logging
import threading
import time

from celery import current_app
from django.http import HttpRequest
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# Finding out that the broker is away takes seconds.
QUIET_SECONDS = 5.0


def posted_body(request: HttpRequest, most: int) -> bytes | None:
    """The raw bytes; None where there are more than `most`. Raises UnreadablePostError.

    A body that comes in chunks has no length that Django would read by.
    """
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > most:
        return None
    chunked = not length and "chunked" in request.headers.get("Transfer-Encoding", "")
    body = request.environ["wsgi.input"].read(most + 1) if chunked else request.read(most + 1)  # type: ignore
    return body if len(body) <= most else None


class Doorbell:
    """Rings for `task(tenant, connection)`: some at once, and never while the vendor waits. One for each process and task.

    What it misses, the beat finds.
    """

    def __init__(self, task: str, gather_seconds: float) -> None:
        self._task, self._gather_seconds = task, gather_seconds
        self._wanted: set[tuple[int, int]] = set()
        self._ringing = False
        self._lock = threading.Lock()

    def ring(self, tenant_id: int, connection_id: int) -> None:
        """Returns at once."""
        with self._lock:
            self._wanted.add((tenant_id, connection_id))
            if self._ringing:
                return
            self._ringing = True
        threading.Thread(target=self._send, name="doorbell", daemon=True).start()

    def _send(self) -> None:
        time.sleep(self._gather_seconds)
        while wanted := self._take():
            try:
                for each in wanted:
                    current_app.send_task(self._task, args=each, retry=False, expires=60)
            except OperationalError:
                logger.warning("the broker is away; the beat will find what this bell was for")
                time.sleep(QUIET_SECONDS)

    def _take(self) -> set[tuple[int, int]]:
        """Nothing: whoever rings next starts anew."""
        with self._lock:
            wanted, self._wanted = self._wanted, set()
            self._ringing = bool(wanted)
            return wanted
