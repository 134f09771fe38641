"""Apidaze's SIP accounts. What its documents leave open is decided here: `sandbox/README.md` lists it."""

import re
import secrets
from typing import Any

from sandbox.accounts import get_account
from sandbox.apidaze_forms import Form
from sandbox.ledger import EffectKind, write_effect
from sandbox.store import Row, Store
from sandbox.wire import Call, Cause, Refusal, Reply, iso_utc

# What RFC 3261 lets stand in a SIP user without escaping.
USERNAME = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,64}")
UNREGISTERED = "unregistered"
# The form's names of what is stored.
CHANGEABLE = {
    "name": "name",
    "internal_caller_id_number": "internal_number",
    "external_caller_id_number": "external_number",
    "mwi_account": "mwi_account",
}
CREATE = Form(required=("username",), optional=tuple(CHANGEABLE))
UPDATE = Form(optional=tuple(CHANGEABLE))


# --- The calls ------------------------------------------------------------------------------------------------------


def list_calls(store: Store, call: Call) -> Reply:
    account = get_account(store, call.client_id)
    rows = sip_accounts(store, call.client_id, most=account["list_cut_at"])
    return Reply(200, [public_sip_account(row) for row in rows])


def create_call(store: Store, call: Call) -> Reply:
    fields = CREATE.read(call)
    row = create(store, call.client_id, fields, transaction_id=call.transaction_id, cause=call.cause)
    return _told(store, call, public_sip_account(row))


def read_call(store: Store, call: Call, sip_id: str) -> Reply:
    return _told(store, call, public_sip_account(find(store, call.client_id, sip_id)))


def update_call(store: Store, call: Call, sip_id: str) -> Reply:
    row = find(store, call.client_id, sip_id)
    row = update(store, row, UPDATE.read(call), transaction_id=call.transaction_id, cause=call.cause)
    return _told(store, call, public_sip_account(row))


def delete_call(store: Store, call: Call, sip_id: str) -> Reply:
    row = find(store, call.client_id, sip_id)
    delete(store, row, transaction_id=call.transaction_id, cause=call.cause)
    return _told(store, call, public_sip_account(row))


def status_call(store: Store, call: Call, sip_id: str) -> Reply:
    row = find(store, call.client_id, sip_id)
    account = get_account(store, call.client_id)
    told = public_sip_account(row)
    if account["status_told"]:
        told |= {"domain": account["domain"], "status": row["status"]}
    return _told(store, call, told)


def _told(store: Store, call: Call, item: dict[str, Any]) -> Reply:
    """One account's facts: in a list, as the OpenAPI document has it, or by themselves where the agreement says so."""
    alone = get_account(store, call.client_id)["single_answers"] == "object"
    return Reply(200, item if alone else [item])


# --- The work -------------------------------------------------------------------------------------------------------


def create(store: Store, client_id: str, fields: dict[str, str], *, transaction_id: str, cause: Cause) -> Row:
    """`fields` by the form's names. Raises Refusal 400 for a username that is odd or taken."""
    username = fields.get("username", "")
    if not USERNAME.fullmatch(username):
        raise Refusal(400, "InvalidUsername", "username must be 1 to 64 characters that a SIP user may have.", username)
    if _username_taken(store, client_id, username):
        raise Refusal(400, "DuplicateUsername", "There is a SIP account with this username already.", username)
    row = _insert(store, client_id, username, _columns(fields), transaction_id, cause)
    _write_effect(store, row, "sip_account_created", transaction_id, cause)
    return row


def _username_taken(store: Store, client_id: str, username: str) -> bool:
    """Without regard to case, unless the account's `case_tells_apart`."""
    alike = store.all(
        "SELECT username FROM sip_accounts WHERE client_id = ? AND username = ? AND deleted_at IS NULL",
        client_id,
        username,
    )
    if get_account(store, client_id)["case_tells_apart"]:
        return any(row["username"] == username for row in alike)
    return bool(alike)


def _columns(fields: dict[str, str]) -> dict[str, str]:
    return {column: fields[name] for name, column in CHANGEABLE.items() if name in fields}


def _insert(
    store: Store, client_id: str, username: str, columns: dict[str, str], transaction_id: str, cause: Cause
) -> Row:
    now = iso_utc()
    values = {
        **dict.fromkeys(CHANGEABLE.values(), ""),
        **columns,
        "sip_id": secrets.token_hex(12),
        "client_id": client_id,
        "username": username,
        "password": secrets.token_urlsafe(12),
        "status": UNREGISTERED,
        "created_at": now,
        "updated_at": now,
        "transaction_id": transaction_id,
        "cause": cause,
    }
    marks = ", ".join("?" * len(values))
    names = ", ".join(values)
    row_id = store.insert(f"INSERT INTO sip_accounts ({names}) VALUES ({marks})", *values.values())  # noqa: S608
    return _row(store, row_id)


def _row(store: Store, row_id: int) -> Row:
    row = store.one("SELECT * FROM sip_accounts WHERE id = ?", row_id)
    if row is None:
        raise LookupError(f"SIP account {row_id} vanished")
    return row


def update(store: Store, row: Row, fields: dict[str, str], *, transaction_id: str, cause: Cause) -> Row:
    """Fields left out keep their value; without a difference nothing happens."""
    changes = {column: value for column, value in _columns(fields).items() if row[column] != value}
    if not changes:
        return row
    for column, value in {**changes, "updated_at": iso_utc()}.items():
        store.run(f"UPDATE sip_accounts SET {column} = ? WHERE id = ?", value, row["id"])  # noqa: S608 - names above
    changed = _row(store, row["id"])
    _write_effect(store, changed, "sip_account_updated", transaction_id, cause, changed=sorted(changes))
    return changed


def delete(store: Store, row: Row, *, transaction_id: str, cause: Cause) -> None:
    """The username is free again."""
    store.run("UPDATE sip_accounts SET deleted_at = ? WHERE id = ?", iso_utc(), row["id"])
    _write_effect(store, row, "sip_account_deleted", transaction_id, cause)


def set_status(store: Store, row: Row, status: str) -> Row:
    """Whether the account's telephone is there: nothing that anybody pays for, so no effect."""
    store.run("UPDATE sip_accounts SET status = ? WHERE id = ?", status, row["id"])
    return _row(store, row["id"])


def find(store: Store, client_id: str, sip_id: str) -> Row:
    """Raises Refusal 404, also for another customer's account and for one that was deleted."""
    row = store.one(
        "SELECT * FROM sip_accounts WHERE client_id = ? AND sip_id = ? AND deleted_at IS NULL", client_id, sip_id
    )
    if row is None:
        raise Refusal(404, "SipAccountNotFound", "There is no such SIP account.", sip_id[:100])
    return row


def sip_accounts(store: Store, client_id: str, *, most: int | None = None) -> list[Row]:
    """Oldest first; `most` cuts the list short."""
    return store.all(
        "SELECT * FROM sip_accounts WHERE client_id = ? AND deleted_at IS NULL ORDER BY id LIMIT ?",
        client_id,
        -1 if most is None else most,
    )


def _write_effect(store: Store, row: Row, kind: EffectKind, transaction_id: str, cause: Cause, **more: Any) -> None:
    facts = {"sip_id": row["sip_id"], "username": row["username"], **more}
    write_effect(store, row["client_id"], kind, facts, transaction_id=transaction_id, cause=cause)


def public_sip_account(row: Row) -> dict[str, Any]:
    """As the OpenAPI document has it; the caller's name is the account's, inside and outside."""
    return {
        "id": row["sip_id"],
        "name": row["name"],
        "sip": {"username": row["username"], "password": row["password"]},
        "callerid": {
            "internal_name": row["name"],
            "internal_number": row["internal_number"],
            "external_name": row["name"],
            "external_number": row["external_number"],
        },
        "voicemail": {"mwi_account": row["mwi_account"]},
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
