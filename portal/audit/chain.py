"""The chain of digests that shows tampering with the audit trail: one for each tenant, one for the acts outside any.

Each link's digest is an HMAC over the digest before it and over everything that the link and its entry say. The key is
stretched from SEALING_KEYS and never is in the database, so that who may do everything there still cannot make a digest.
Entries are chained in the background, seconds after they were written (docs/decisions/0035).
"""

import hmac
import json
import time
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import Exists, Min, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from portal.audit.chain_keys import ChainKey, stretched
from portal.audit.models import Entry, Link, Unchained
from portal.tenancy.scope import staff_scope, tenant_scope

# What a digest is made over, in this order: every column of an entry. Changing this makes all older digests unfit.
FIELDS = (
    "id",
    "tenant_id",
    "at",
    "actor_id",
    "actor_label",
    "on_behalf_of_id",
    "on_behalf_of_label",
    "ip_address",
    "request_id",
    "action",
    "object_type",
    "object_id",
    "object_label",
    "before",
    "after",
    "reason",
)
GENESIS = bytes(32)
BATCH = 500
# Long enough to catch up after a rush, short enough that other work in the background waits little.
TURN_SECONDS = 1.5
# The first half of the advisory lock that one chain's head is appended under.
LOCK = 0x61756469

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Place:
    """Where a link stands: the chain's tenant (None: outside any), its number from 1, and when it was put there."""

    tenant_id: int | None
    sequence: int
    chained_at: datetime


def chain_waiting() -> int:
    """Chain what waits, the chain that waits longest first, for a second or two. Returns how many entries."""
    ends, chained = time.monotonic() + TURN_SECONDS, 0
    chains = deque(waiting_chains())
    while chains and time.monotonic() < ends:
        tenant_id = chains.popleft()
        added = append(tenant_id)
        chained += added
        if added == BATCH:
            chains.append(tenant_id)
    return chained


def waiting_chains() -> list[int | None]:
    with staff_scope():
        waiting = Unchained.objects.values("tenant_id").annotate(longest=Min("pk")).order_by("longest")
        return [row["tenant_id"] for row in waiting]


def append(tenant_id: int | None) -> int:
    """Chain the oldest BATCH waiting entries of one chain, in a transaction. 0 also while another worker is at it."""
    with _scope_of(tenant_id):
        if not _locked(tenant_id):
            return 0
        waiting = list(_waiting(tenant_id)[:BATCH])
        links = _links(tenant_id, [entry_id for _, entry_id in waiting])
        Link.objects.bulk_create(links)
        Unchained.objects.filter(pk__in=[pk for pk, _ in waiting]).delete()
    return len(links)


def _scope_of(tenant_id: int | None) -> AbstractContextManager[None]:
    return staff_scope() if tenant_id is None else tenant_scope(tenant_id)


def _locked(tenant_id: int | None) -> bool:
    """For this transaction. Nobody waits for it: who comes second has nothing to do here."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [LOCK, (tenant_id or 0) % 2**31])
        return cursor.fetchone()[0]


def _waiting(tenant_id: int | None) -> QuerySet[Unchained, tuple[int, int]]:
    """(row, entry), oldest first. A row whose entry is gone stays where it is, as the evidence."""
    there = Exists(Entry.objects.filter(pk=OuterRef("entry_id")))
    return Unchained.objects.filter(there, tenant=tenant_id).order_by("pk").values_list("pk", "entry_id")


def _links(tenant_id: int | None, entry_ids: list[int]) -> list[Link]:
    values, key, now = values_of(entry_ids), newest_key(), timezone.now()
    head = head_of(tenant_id)
    sequence, previous = (head.sequence, bytes(head.digest)) if head else (0, GENESIS)
    links = []
    for entry_id in entry_ids:
        sequence += 1
        previous = digest_of(key, previous, Place(tenant_id, sequence, now), values[entry_id])
        links.append(
            Link(
                tenant_id=tenant_id,
                sequence=sequence,
                entry_id=entry_id,
                digest=previous,
                key_id=key.id,
                chained_at=now,
            )
        )
    return links


def head_of(tenant_id: int | None) -> Link | None:
    """The last link of a chain; of the caller's scope."""
    return Link.objects.filter(tenant=tenant_id).order_by("-sequence").first()


# --- Digests ------------------------------------------------------------------------------------------------------


def values_of(entry_ids: Iterable[int]) -> dict[int, Values]:
    """What is digested of each entry that is there. JSON as PostgreSQL writes it: a reader could round its numbers."""
    rows = Entry.objects.filter(pk__in=entry_ids).annotate(
        before_text=Cast("before", TextField()), after_text=Cast("after", TextField())
    )
    columns = [{"before": "before_text", "after": "after_text"}.get(name, name) for name in FIELDS]
    return {row[0]: row for row in rows.values_list(*columns)}


def digest_of(key: ChainKey, previous: bytes, place: Place, values: Values) -> bytes:
    told = [place.tenant_id, place.sequence, place.chained_at, *values]
    return hmac.digest(key.secret, previous + json.dumps(told, default=_plain).encode(), "sha256")


def _plain(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def newest_key() -> ChainKey:
    """The one that new links are made with. Raises ImproperlyConfigured."""
    if not settings.SEALING_KEYS:
        raise ImproperlyConfigured("SEALING_KEYS is empty: there is no key to chain the audit trail with")
    return stretched(settings.SEALING_KEYS[0])


def known_keys() -> dict[str, ChainKey]:
    """By their ids: those of SEALING_KEYS, and the retired ones in AUDIT_OLD_KEYS, which only check."""
    keys = map(stretched, [*settings.SEALING_KEYS, *settings.AUDIT_OLD_KEYS])
    return {key.id: key for key in keys}
