"""Kwebbl's subscriptions: defaults, the rules for agents, and what each scope allows ("Subscribing to Realtime Events")."""

import json
import re
import secrets
from typing import Any

from sandbox.kwebbl_session import Session
from sandbox.store import Row
from sandbox.wire import Reply, iso_utc

EVENT_TYPES = (
    "created",
    "ringing",
    "answered",
    "terminated",
    "transferred",
    "bridged",
    "holding",
    "resume",
    "start_recording",
    "stop_recording",
)
PRESENCE_EVENTS = ["created", "ringing", "answered", "terminated"]
FIELDS = {"event_types", "agents", "mode", "callback_url", "callback_content_type"}
ANY = "*"
EVERYBODY = {"field": ANY, "extension_id": ANY, "number": ANY}


def list_call(session: Session) -> Reply:
    """The list calls it `events` where the other chapters say `event_types`."""
    return Reply(200, [public(row, events_name="events") for row in _visible(session)])


def read_call(session: Session, subscription_id: str) -> Reply:
    return Reply(200, public(_find(session, subscription_id)))


def cancel_call(session: Session, subscription_id: str) -> Reply:
    row = _find(session, subscription_id)
    session.store.run("UPDATE kwebbl_subscriptions SET cancelled_at = ? WHERE id = ?", iso_utc(), row["id"])
    session.note("subscription_cancelled", {"subscription_id": row["subscription_id"]})
    return Reply(200, {"ok": True})


def create_call(session: Session) -> Reply:
    body = session.body()
    unknown = body.keys() - FIELDS
    if unknown:
        raise session.company.invalid(f"{min(unknown)} is no parameter.")
    event_types = _event_types(session, body)
    agents = _agents(session, body)
    mode = body.get("mode") or "presence"
    if mode not in ("presence", "detailed"):
        raise session.company.invalid("mode is presence or detailed.")
    url = body.get("callback_url")
    if not isinstance(url, str) or not re.fullmatch(r"https?://[^\s/]\S*", url):
        raise session.company.invalid("callback_url is a full path, with protocol and domain.")
    if body.get("callback_content_type", "application/json") != "application/json":
        raise session.company.invalid("callback_content_type is application/json.")
    own_alone = _allowed(session, event_types, agents, mode)
    return _created(session, event_types, agents, mode, url, own_alone=own_alone)


def _created(
    session: Session, event_types: list[str], agents: list[dict[str, str]], mode: str, url: str, *, own_alone: bool
) -> Reply:
    subscription_id = secrets.token_hex(16)
    row_id = session.store.insert(
        "INSERT INTO kwebbl_subscriptions (subscription_id, client_id, extension_id, own_alone, event_types, agents, mode, "
        "callback_url, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        subscription_id,
        session.company.client_id,
        session.user["extension_id"],
        int(own_alone),
        json.dumps(event_types),
        json.dumps(agents),
        mode,
        url,
        iso_utc(),
    )
    session.note("subscription_created", {"subscription_id": subscription_id, "callback_url": url, "mode": mode})
    row = session.store.one("SELECT * FROM kwebbl_subscriptions WHERE id = ?", row_id)
    return Reply(session.company.manners["created_status"], public(row) if row else {})


def _event_types(session: Session, body: dict[str, Any]) -> list[str]:
    told = body.get("event_types")
    if told is None:
        return list(PRESENCE_EVENTS)
    known = isinstance(told, list) and told and all(each in (*EVENT_TYPES, ANY) for each in told)
    if not known:
        raise session.company.invalid("event_types is a list of event types.")
    return list(told)


def _agents(session: Session, body: dict[str, Any]) -> list[dict[str, str]]:
    """With an extension the number becomes "*"; a field alone becomes "*" ("Notes about agents[] fields")."""
    told = body.get("agents")
    if told is None:
        return [dict(EVERYBODY)]
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise session.company.invalid("agents is a list of objects.")
    return [_agent(session, each) for each in told] or [dict(EVERYBODY)]


def _agent(session: Session, told: dict[str, Any]) -> dict[str, str]:
    field, number, extension_id = (told.get(name) or "" for name in ("field", "number", "extension_id"))
    if field not in ("", ANY, "from", "to") or not isinstance(number, str) or not isinstance(extension_id, str):
        raise session.company.invalid("An agent has field, number and extension_id.")
    if extension_id not in ("", ANY) and session.company.by_id(extension_id) is None:
        raise session.company.invalid("agents: there is no such extension.")
    if not number and not extension_id:
        field = ANY
    return {
        "field": field or ANY,
        "extension_id": extension_id or ANY,
        "number": ANY if extension_id else (number or ANY),
    }


def _allowed(session: Session, event_types: list[str], agents: list[dict[str, str]], mode: str) -> bool:
    """Whether the subscription is about the user's own calls alone. Raises a refusal ("Notes about scopes and permissions")."""
    if session.may("calls.events"):
        return False
    if session.may("calls.events.presence") and mode == "presence" and set(event_types) <= set(PRESENCE_EVENTS):
        return False
    session.need("calls.events.personal")
    mine = {ANY, session.user["extension_id"], session.user["number"]}
    if any({agent["number"], agent["extension_id"]} - mine for agent in agents):
        raise session.company.denied("Only your own calls may be subscribed to.")
    return True


def _visible(session: Session) -> list[Row]:
    """All of them for who may see all events, else those of the same user."""
    return session.store.all(
        "SELECT * FROM kwebbl_subscriptions WHERE client_id = ?1 AND cancelled_at IS NULL "
        "AND (?2 OR extension_id = ?3) ORDER BY id",
        session.company.client_id,
        session.may("calls.events"),
        session.user["extension_id"],
    )


def _find(session: Session, subscription_id: str) -> Row:
    for row in _visible(session):
        if row["subscription_id"] == subscription_id.lower():
            return row
    raise session.company.missing("subscription")


def public(row: Row, events_name: str = "event_types") -> dict[str, Any]:
    return {
        "id": row["subscription_id"],
        events_name: json.loads(row["event_types"]),
        "agents": json.loads(row["agents"]),
        "mode": row["mode"],
        "callback_url": row["callback_url"],
        "callback_content_type": "application/json",
    }
