"""Published scripts where a call finds them at once: in memory, in the cache, in the database, in this order.

Every published script stands in the cache for good and is put there again every minute, so that no call asks the database.
What a process has read stays in its memory: for SECONDS_FRESH as the truth, and after that for as long as nobody else answers.
"""

import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.core.cache import caches
from django.db import DatabaseError, connection

from portal.tenancy.scope import staff_scope
from telephony.scripts.models import CallScript

logger = logging.getLogger(__name__)

SECONDS_FRESH = 2.0
# After the database failed to answer in time nobody waits for it again so soon.
SECONDS_SPARED = 5.0
DATABASE_SECONDS = 0.04
KEPT = 2_000
BATCH = 500
# What the cache holds of a script that is not published any more.
NOTHING = ""


class OutOfReach(Exception):
    """Neither the cache nor the database said anything, and this process has never seen the script."""


@dataclass(frozen=True)
class _Kept:
    text: str
    at: float


class Shelf:
    """One for each process; used by all its threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._spared_until = 0.0
        # A database that hangs holds this thread, and no call.
        self._database = ThreadPoolExecutor(1, thread_name_prefix="call-scripts")

    def text_of(self, digest: str) -> str:
        """The published text by the digest of its address, "" where there is none. Raises OutOfReach."""
        kept = self._kept.get(digest)
        if kept and time.monotonic() - kept.at < SECONDS_FRESH:
            return kept.text
        text = _from_cache(digest)
        if text is None:
            text = self._from_database(digest)
        if text is None:
            if kept is None:
                raise OutOfReach
            return kept.text
        self._keep(digest, text)
        return text

    def _from_database(self, digest: str) -> str | None:
        """None where it cannot be asked now."""
        if time.monotonic() < self._spared_until:
            return None
        asked = self._database.submit(_published, digest)
        try:
            return asked.result(DATABASE_SECONDS)
        except (DatabaseError, TimeoutError) as failure:
            asked.cancel()
            logger.warning("the database was asked for a call script and failed: %s", type(failure).__name__)
            self._spared_until = time.monotonic() + SECONDS_SPARED
            return None

    def _keep(self, digest: str, text: str) -> None:
        with self._lock:
            self._kept[digest] = _Kept(text, time.monotonic())
            self._kept.move_to_end(digest)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _published(digest: str) -> str:
    """In a thread of its own; what it finds is put into the cache also when nobody waits for it any more."""
    try:
        with staff_scope():
            rows = CallScript.objects.living().filter(address_digest=digest)
            text = rows.values_list("published__text", flat=True).first() or NOTHING
        if text:
            put({digest: text})
        return text
    finally:
        connection.close()


# --- The cache ----------------------------------------------------------------------------------------------------


def put(texts: dict[str, str]) -> None:
    """Let calls find these texts by the digests of their addresses; NOTHING for what is published no more.

    Where the cache does not answer it is made good within a minute (`refill`).
    """
    try:
        caches["scripts"].set_many({_key(digest): text for digest, text in texts.items()}, timeout=None)
    except Exception as failure:  # noqa: BLE001 - whatever the cache's client raises, it is not there now
        logger.warning("published call scripts could not be put into the cache: %s", type(failure).__name__)


def _from_cache(digest: str) -> str | None:
    try:
        return caches["scripts"].get(_key(digest))
    except Exception as failure:  # noqa: BLE001 - whatever the cache's client raises, it is not there now
        logger.warning("the cache was asked for a call script and failed: %s", type(failure).__name__)
        return None


def _key(digest: str) -> str:
    return f"text:{digest}"


def refill() -> int:
    """Put every published script into the cache again. Returns how many there are."""
    with staff_scope():
        published = CallScript.objects.living().exclude(published=None).order_by("pk")
        rows = list(published.values_list("address_digest", "pk"))
    for first in range(0, len(rows), BATCH):
        with staff_scope():
            some = CallScript.objects.filter(pk__in=[pk for _digest, pk in rows[first : first + BATCH]])
            put(dict(some.living().exclude(published=None).values_list("address_digest", "published__text")))
    return len(rows)
