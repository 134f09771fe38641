"""The signing keys of a connection as the web processes know them: read within its tenant, remembered for two seconds."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from messaging.models import SigningKey
from messaging.reports.addresses import Address
from portal.tenancy.scope import tenant_scope
from portal.tenancy.sealing import SealBroken

SECONDS_FRESH = 2.0
KEPT = 2_000


@dataclass(frozen=True)
class Key:
    """One that reports may be signed with, as long as it is `believed`."""

    key_id: str
    secret: bytes
    believed: bool

    def __repr__(self) -> str:
        return f"<key {self.key_id}>"


class Keyring:
    """One for each process; used by all its threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Address, tuple[float, list[Key]]] = OrderedDict()
        self._lock = threading.Lock()

    def keys_of(self, address: Address) -> list[Key]:
        """Of the connection that the address belongs to. Raises DatabaseError."""
        place = Address(address.tenant_id, address.connection_id)
        kept = self._kept.get(place)
        if kept and time.monotonic() - kept[0] < SECONDS_FRESH:
            return kept[1]
        read_at, keys = time.monotonic(), _read(place)
        with self._lock:
            self._kept[place] = (read_at, keys)
            self._kept.move_to_end(place)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return keys

    def forget(self) -> None:
        """What was read is not believed any more; for tests that turn keys faster than people."""
        with self._lock:
            self._kept.clear()


def _read(place: Address) -> list[Key]:
    with tenant_scope(place.tenant_id):
        rows = list(SigningKey.objects.filter(connection_id=place.connection_id).order_by("-id"))
    return [Key(row.key_id, _secret(row), row.state in SigningKey.BELIEVED) for row in rows]


def _secret(row: SigningKey) -> bytes:
    """Nothing for a key whose secret is not known here, or does not open: it proves nothing."""
    try:
        return row.secret.reveal().encode()
    except SealBroken:
        return b""
