"""Whose events come to an address: looked up by the digest of its secret, and remembered for two seconds."""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from portal.tenancy.scope import staff_scope
from realtime.subscriptions.models import Subscription

PLACE = "/live/events/"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
SECONDS_FRESH = 2.0
KEPT = 2_000
# What was on its way when a subscription ended still comes.
STRAGGLERS = timedelta(days=1)


class NoSuchAddress(Exception):
    """Nobody's, or nobody's any more."""


@dataclass(frozen=True)
class Address:
    """Whose posts come there."""

    tenant_id: int
    connection_id: int
    subscription_id: int


def digest_of(secret: str) -> str:
    """What is kept of an address: it tells nothing about the secret itself."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Addresses:
    """One for each process; used by all its threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Address]] = OrderedDict()
        self._lock = threading.Lock()

    def address_at(self, path: str) -> Address:
        """Raises NoSuchAddress, and DatabaseError. What nobody has is not remembered: it may be made a moment later."""
        secret = path.removeprefix(PLACE)
        if not SECRET.fullmatch(secret):
            raise NoSuchAddress
        digest = digest_of(secret)
        kept = self._kept.get(digest)
        if kept and time.monotonic() - kept[0] < SECONDS_FRESH:
            return kept[1]
        read_at, address = time.monotonic(), _read(digest)
        with self._lock:
            self._kept[digest] = (read_at, address)
            self._kept.move_to_end(digest)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return address

    def forget(self) -> None:
        """For tests that end subscriptions faster than people."""
        with self._lock:
            self._kept.clear()


def _read(digest: str) -> Address:
    """One that was not made, or has gone, is believed for a day: its answer may have been lost, or its events be late."""
    ended = Q(state__in=[Subscription.State.GONE, Subscription.State.FAILED])
    with staff_scope():
        rows = Subscription.objects.annotate(over_at=Coalesce("ended_at", "created_at"))
        found = rows.exclude(ended & Q(over_at__lt=Now() - STRAGGLERS)).filter(digest=digest)
        ids = found.values_list("tenant_id", "connection_id", "pk").first()
    if ids is None:
        raise NoSuchAddress
    return Address(*ids)
