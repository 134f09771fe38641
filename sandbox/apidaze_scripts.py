"""Apidaze's external scripts: the address of the one script of a customer's domain, and its trial run.

Nothing is fetched: a trial run answers with XML that the sandbox makes of what it was asked.
"""

import secrets
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from sandbox.accounts import get_account
from sandbox.apidaze_forms import Form
from sandbox.ledger import EffectKind, write_effect
from sandbox.store import Row, Store
from sandbox.wire import Call, Cause, Refusal, Reply, iso_utc

SCRIPT = Form(required=("url",), optional=("name",))
TRIAL = Form(required=("url",), open=True)
SCRIPT_FIELDS = ("name", "url", "created_at", "updated_at")


# --- The calls ------------------------------------------------------------------------------------------------------


def list_calls(store: Store, call: Call) -> Reply:
    row = script_of(store, call.client_id)
    return Reply(200, [] if row is None else [public_script(row)])


def create_call(store: Store, call: Call) -> Reply:
    fields = SCRIPT.read(call)
    row = create(store, call.client_id, fields, transaction_id=call.transaction_id, cause=call.cause)
    return _told(store, call, row)


def read_call(store: Store, call: Call, script_id: str) -> Reply:
    return _told(store, call, find(store, call.client_id, script_id))


def update_call(store: Store, call: Call, script_id: str) -> Reply:
    row = find(store, call.client_id, script_id)
    return _told(
        store, call, update(store, row, SCRIPT.read(call), transaction_id=call.transaction_id, cause=call.cause)
    )


def delete_call(store: Store, call: Call, script_id: str) -> Reply:
    row = find(store, call.client_id, script_id)
    delete(store, row, transaction_id=call.transaction_id, cause=call.cause)
    return Reply(204, None)


def trial_call(store: Store, call: Call) -> Reply:
    """The OpenAPI document's answer is a list of scripts; its text promises the XML, which is given by default."""
    fields = TRIAL.read(call)
    _check_url(fields["url"])
    if get_account(store, call.client_id)["script_answer"] == "list":
        row = script_of(store, call.client_id)
        return Reply(200, [] if row is None else [public_script(row)])
    return Reply(200, _trial_xml(fields), content_type="application/xml")


def _trial_xml(fields: dict[str, str]) -> str:
    asked = ", ".join(f"{name} is {value}" for name, value in fields.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<document><work><answer/><speak lang="en-US">{escape(asked)}</speak><hangup/></work></document>\n'
    )


def _told(store: Store, call: Call, row: Row) -> Reply:
    alone = get_account(store, call.client_id)["single_answers"] == "object"
    return Reply(200, public_script(row) if alone else [public_script(row)])


# --- The work -------------------------------------------------------------------------------------------------------


def create(store: Store, client_id: str, fields: dict[str, str], *, transaction_id: str, cause: Cause) -> Row:
    """Raises Refusal 400 when the domain has its script already, or for an address that is none."""
    _check_url(fields.get("url", ""))
    if script_of(store, client_id) is not None:
        raise Refusal(400, "ScriptExists", "Only one external script is allowed per domain.")
    now = iso_utc()
    store.insert(
        "INSERT INTO scripts (script_id, client_id, name, url, created_at, updated_at, transaction_id, cause) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        secrets.token_hex(12),
        client_id,
        fields.get("name", ""),
        fields["url"],
        now,
        now,
        transaction_id,
        cause,
    )
    row = _current(store, client_id)
    _write_effect(store, row, "script_created", transaction_id, cause)
    return row


def _current(store: Store, client_id: str) -> Row:
    row = script_of(store, client_id)
    if row is None:
        raise LookupError(f"the script of {client_id} vanished")
    return row


def update(store: Store, row: Row, fields: dict[str, str], *, transaction_id: str, cause: Cause) -> Row:
    """A name left out keeps its value; without a difference nothing happens. Raises Refusal 400 for an odd address."""
    _check_url(fields.get("url", ""))
    name, url = fields.get("name", row["name"]), fields["url"]
    if (name, url) == (row["name"], row["url"]):
        return row
    store.run("UPDATE scripts SET name = ?, url = ?, updated_at = ? WHERE id = ?", name, url, iso_utc(), row["id"])
    changed = _current(store, row["client_id"])
    _write_effect(store, changed, "script_changed", transaction_id, cause)
    return changed


def delete(store: Store, row: Row, *, transaction_id: str, cause: Cause) -> None:
    store.run("UPDATE scripts SET deleted_at = ? WHERE id = ?", iso_utc(), row["id"])
    _write_effect(store, row, "script_deleted", transaction_id, cause)


def find(store: Store, client_id: str, script_id: str) -> Row:
    """Raises Refusal 404, also for another customer's script and for one that was deleted."""
    row = script_of(store, client_id)
    if row is None or row["script_id"] != script_id:
        raise Refusal(404, "ScriptNotFound", "There is no such external script.", script_id[:100])
    return row


def script_of(store: Store, client_id: str) -> Row | None:
    return store.one("SELECT * FROM scripts WHERE client_id = ? AND deleted_at IS NULL", client_id)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fits = False
    if not fits:
        raise Refusal(400, "InvalidUrl", "url must be a public HTTP address.", url[:100])


def _write_effect(store: Store, row: Row, kind: EffectKind, transaction_id: str, cause: Cause) -> None:
    facts = {name: row[name] for name in ("script_id", "name", "url")}
    write_effect(store, row["client_id"], kind, facts, transaction_id=transaction_id, cause=cause)


def public_script(row: Row) -> dict[str, Any]:
    return {"id": row["script_id"], **{name: row[name] for name in SCRIPT_FIELDS}}
