"""Telling the workers that reports have come: some at once, and never while the vendor waits for its answer."""

import logging
import threading
import time

from celery import current_app
from kombu.exceptions import OperationalError

from messaging.reports.addresses import Address

logger = logging.getLogger(__name__)

TASK = "messaging.tasks.process_reports"
# So long reports gather before a worker is called; what the bell misses, the beat finds.
GATHER_SECONDS = 0.2
# Finding out that the broker is away takes seconds.
QUIET_SECONDS = 5.0


class Bell:
    """One for each process; used by all its threads."""

    def __init__(self) -> None:
        self._wanted: set[tuple[int, int]] = set()
        self._ringing = False
        self._lock = threading.Lock()

    def ring(self, address: Address) -> None:
        """Returns at once."""
        with self._lock:
            self._wanted.add((address.tenant_id, address.connection_id))
            if self._ringing:
                return
            self._ringing = True
        threading.Thread(target=self._send, name="reports-bell", daemon=True).start()

    def _send(self) -> None:
        time.sleep(GATHER_SECONDS)
        while wanted := self._take():
            try:
                for each in wanted:
                    current_app.send_task(TASK, args=each, retry=False, expires=60)
            except OperationalError:
                logger.warning("the broker is away; the beat will find the reports that this bell was for")
                time.sleep(QUIET_SECONDS)

    def _take(self) -> set[tuple[int, int]]:
        """Nothing: whoever rings next starts anew."""
        with self._lock:
            wanted, self._wanted = self._wanted, set()
            self._ringing = bool(wanted)
            return wanted
