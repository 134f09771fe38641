"""What is true at the simulated Kwebbl, as no vendor would tell it."""

import json
import time
from typing import Any

from sandbox.kwebbl_company import Company, caller_ids
from sandbox.store import Row

EVENT = (
    "event_id",
    "event_type",
    "subscription_id",
    "url",
    "body",
    "due_at",
    "tries",
    "status",
    "made_at",
    "posted_at",
)
SUBSCRIPTION = ("subscription_id", "extension_id", "mode", "callback_url", "created_at", "cancelled_at")
EXTENSION = ("extension_id", "kind", "name", "number", "external_number", "login", "caller_id")
LEG = ("call_id", "role", "direction", "state", "began_at", "answered_at", "ended_at", "reason")


def state(company: Company) -> dict[str, Any]:
    store, client_id = company.store, company.client_id
    return {
        "manners": company.manners,
        "extensions": [_extension(company, row) for row in company.extensions()],
        "grants": [
            _grant(company, row)
            for row in store.all("SELECT * FROM kwebbl_grants WHERE client_id = ? ORDER BY id", client_id)
        ],
        "subscriptions": [
            _subscription(row)
            for row in store.all("SELECT * FROM kwebbl_subscriptions WHERE client_id = ? ORDER BY id", client_id)
        ],
        "calls": _calls(company),
        "events": _counts(company),
    }


def _extension(company: Company, row: Row) -> dict[str, Any]:
    told = {name: row[name] for name in EXTENSION}
    return {**told, "admin": bool(row["admin"]), "caller_ids": caller_ids(company.store, row["extension_id"])}


def _grant(company: Company, row: Row) -> dict[str, Any]:
    """`presented` is how often each generation's refresh token was sent here, good or dead; `alive` whether the newest is."""
    rows = company.store.all(
        "SELECT * FROM kwebbl_tokens WHERE grant_id = ? AND kind = 'refresh' ORDER BY generation", row["id"]
    )
    newest = rows[-1]
    alive = not row["revoked"] and not newest["dead"] and newest["expires_at"] > time.time()
    return {
        "id": row["id"],
        "extension_id": row["extension_id"],
        "scopes": json.loads(row["scopes"]),
        "generation": row["generation"],
        "alive": bool(alive),
        "presented": {str(each["generation"]): each["presented"] for each in rows},
    }


def _subscription(row: Row) -> dict[str, Any]:
    lists = {name: json.loads(row[name]) for name in ("event_types", "agents")}
    return {**{name: row[name] for name in SUBSCRIPTION}, **lists, "own_alone": bool(row["own_alone"])}


def _calls(company: Company) -> list[dict[str, Any]]:
    rows = company.store.all("SELECT * FROM kwebbl_legs WHERE client_id = ? ORDER BY id", company.client_id)
    legs: dict[str, list[Row]] = {}
    for row in rows:
        legs.setdefault(row["conversation"], []).append(row)
    return [_call(conversation, rows) for conversation, rows in legs.items()]


def call(company: Company, conversation: str) -> dict[str, Any]:
    rows = company.store.all(
        "SELECT * FROM kwebbl_legs WHERE client_id = ? AND conversation = ? ORDER BY id",
        company.client_id,
        conversation,
    )
    return _call(conversation, rows)


def _call(conversation: str, rows: list[Row]) -> dict[str, Any]:
    legs = [
        {
            **{name: row[name] for name in LEG},
            "recording": bool(row["recording"]),
            "parties": json.loads(row["parties"]),
        }
        for row in rows
    ]
    return {"conversation": conversation, "live": any(row["ended_at"] is None for row in rows), "legs": legs}


def _counts(company: Company) -> dict[str, int]:
    """Of events on their way or posted: an event sent twice counts twice, one that was lost not at all."""
    counted = company.store.one(
        "SELECT count(*) AS made, count(due_at) AS waiting, coalesce(sum(status BETWEEN 200 AND 299), 0) AS taken, "
        "coalesce(sum(due_at IS NULL AND coalesce(status, 0) NOT BETWEEN 200 AND 299), 0) AS failed "
        "FROM kwebbl_events WHERE client_id = ?",
        company.client_id,
    )
    return dict(counted) if counted else {}


def events(company: Company, last: int) -> list[dict[str, Any]]:
    rows = company.store.all(
        "SELECT * FROM kwebbl_events WHERE client_id = ? ORDER BY id DESC LIMIT ?", company.client_id, last
    )
    return [{name: row[name] for name in EVENT} for row in reversed(rows)]
