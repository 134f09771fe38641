"""Posts that were refused: counted by connection, day and reason, by few writes however many come."""

import threading
import time
from collections import Counter
from datetime import date

from django.db import connection
from django.utils import timezone

from messaging.reports.addresses import Address
from portal.tenancy.scope import tenant_scope

# At most one write of each process in this time for each kind of refusal of a connection.
GATHER_SECONDS = 5.0
MOST_KINDS = 5_000
COUNT = """
insert into messaging_unverifiedreport (tenant_id, connection_id, day, reason, count, last_at)
select %(tenant)s, id, %(day)s, %(reason)s, %(count)s, now() from vendors_connection where id = %(connection)s
on conflict (connection_id, day, reason)
do update set count = messaging_unverifiedreport.count + excluded.count, last_at = excluded.last_at
"""
ASK = """
update messaging_smsaccount set keys_asked_at = now(), keys_due_at = now()
where connection_id = %s and (keys_asked_at is null or keys_asked_at < now() - interval '30 seconds')
"""
Kind = tuple[Address, str]


class Tally:
    """One for each process; used by all its threads."""

    def __init__(self) -> None:
        self._counts: Counter[Kind] = Counter()
        self._lock = threading.Lock()
        self._written_at = -GATHER_SECONDS

    def add(self, address: Address, reason: str) -> None:
        """Written down with the first post, of whatever kind, that comes when it is time. Raises DatabaseError."""
        kind = (Address(address.tenant_id, address.connection_id), reason)
        with self._lock:
            if kind in self._counts or len(self._counts) < MOST_KINDS:
                self._counts[kind] += 1
        self.write_if_due()

    def write_if_due(self) -> None:
        """Raises DatabaseError."""
        if self._counts and time.monotonic() - self._written_at >= GATHER_SECONDS:
            self.write()

    def write(self) -> None:
        """What was gathered. Raises DatabaseError, and then it is not counted."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._written_at = time.monotonic()
        for (address, reason), count in counts.items():
            _count(address, reason, count)


def _count(address: Address, reason: str, count: int) -> None:
    values: dict[str, int | str | date] = {
        "tenant": address.tenant_id,
        "connection": address.connection_id,
        "reason": reason,
        "count": count,
        "day": timezone.now().date(),
    }
    with tenant_scope(address.tenant_id), connection.cursor() as cursor:
        cursor.execute(COUNT, values)


class KeysWanted:
    """A key that nobody here knows may be one that the vendor made: its list is read again, at most twice a minute."""

    def __init__(self) -> None:
        self._asked: dict[Address, float] = {}

    def ask(self, address: Address) -> None:
        place, now = Address(address.tenant_id, address.connection_id), time.monotonic()
        if now - self._asked.get(place, -GATHER_SECONDS) < GATHER_SECONDS:
            return
        if len(self._asked) > MOST_KINDS:
            self._asked.clear()
        self._asked[place] = now
        with tenant_scope(place.tenant_id), connection.cursor() as cursor:
            cursor.execute(ASK, [place.connection_id])


tally = Tally()
keys_wanted = KeysWanted()
