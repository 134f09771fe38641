"""The ledger of effects (what truly happened at a vendor) and the log of requests (what was asked). Append-only."""

import json
from collections.abc import Iterable
from typing import Any, Literal

from sandbox.store import Row, Store
from sandbox.wire import Cause, iso_utc

EffectKind = Literal[
    "order_taken",
    "order_fulfilled",
    "order_rejected",
    "inventory_changed",
    "subscriber_created",
    "subscriber_deleted",
    "sip_account_created",
    "sip_account_updated",
    "sip_account_deleted",
    "script_created",
    "script_changed",
    "script_deleted",
    "sms_sent",
    "signing_key_created",
    "signing_key_activated",
    "signing_key_retired",
    "signing_key_deleted",
    "token_granted",
    "token_refreshed",
    "caller_id_set",
    "subscription_created",
    "subscription_cancelled",
    "call_placed",
    "call_hung_up",
    "call_transferred",
    "call_held",
    "call_resumed",
    "recording_started",
    "recording_stopped",
]
REQUESTS_KEPT = 20_000
PRUNE_EVERY = 1_000
DROPPED = 0


def write_effect(
    store: Store, client_id: str, kind: EffectKind, facts: dict[str, Any], *, transaction_id: str, cause: Cause
) -> None:
    """To be called inside the transaction that makes the effect."""
    store.run(
        "INSERT INTO ledger (at, client_id, kind, facts, transaction_id, cause) VALUES (?, ?, ?, ?, ?, ?)",
        iso_utc(),
        client_id,
        kind,
        json.dumps(facts),
        transaction_id,
        cause,
    )


def write_effects(
    store: Store,
    client_id: str,
    kind: EffectKind,
    all_facts: Iterable[dict[str, Any]],
    *,
    transaction_id: str,
    cause: Cause,
) -> None:
    """Many of a kind that happen at once; to be called inside the transaction that makes them."""
    at = iso_utc()
    store.run_many(
        "INSERT INTO ledger (at, client_id, kind, facts, transaction_id, cause) VALUES (?, ?, ?, ?, ?, ?)",
        ((at, client_id, kind, json.dumps(facts), transaction_id, cause) for facts in all_facts),
    )


def read_effects(
    store: Store, *, client_id: str | None = None, kind: str | None = None, after: int = 0, limit: int = 1000
) -> dict[str, Any]:
    """A page of entries with seq > after, oldest first; `next_after` is None on the last page."""
    rows = store.all(
        "SELECT * FROM ledger WHERE seq > ?1 AND (?2 IS NULL OR client_id = ?2) AND (?3 IS NULL OR kind = ?3) "
        "ORDER BY seq LIMIT ?4",
        after,
        client_id,
        kind,
        limit + 1,
    )
    page = [_entry(row) for row in rows[:limit]]
    return {"entries": page, "next_after": page[-1]["seq"] if len(rows) > limit else None}


def _entry(row: Row) -> dict[str, Any]:
    return {**dict(row), "facts": json.loads(row["facts"])}


def log_request(store: Store, client_id: str | None, method: str, path: str, route: str, transaction_id: str) -> int:
    """Notes a call on arrival; returns its seq for `log_outcome`."""
    seq = store.insert(
        "INSERT INTO requests (at, client_id, method, path, transaction_id) VALUES (?, ?, ?, ?, ?)",
        iso_utc(),
        client_id,
        method,
        path,
        transaction_id,
    )
    store.run(
        "INSERT INTO counters VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
        client_id or "",
        method,
        route,
    )
    if seq % PRUNE_EVERY == 0:
        store.run("DELETE FROM requests WHERE seq <= ?", seq - REQUESTS_KEPT)
    return seq


def log_outcome(store: Store, seq: int, status: int, fault: str | None = None) -> None:
    """`status` DROPPED means that no whole answer was sent."""
    store.run("UPDATE requests SET status = ?, fault = ? WHERE seq = ?", status, fault, seq)


def read_requests(store: Store, *, client_id: str | None = None, last: int = 100) -> dict[str, Any]:
    counters = store.all(
        "SELECT * FROM counters WHERE ?1 IS NULL OR client_id = ?1 ORDER BY client_id, route, method", client_id
    )
    requests = store.all(
        "SELECT * FROM requests WHERE ?1 IS NULL OR client_id = ?1 ORDER BY seq DESC LIMIT ?2", client_id, last
    )
    return {
        "counters": [{**dict(row), "client_id": row["client_id"] or None} for row in counters],
        "requests": [dict(row) for row in reversed(requests)],
    }
