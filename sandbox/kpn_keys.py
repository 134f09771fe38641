"""KPN's signing keys behind its gateway: three levels, each with one active key, and the key that signs a delivery."""

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from sandbox import kpn_gateway
from sandbox.kpn_sms import bad, json_of, refuse
from sandbox.kpn_sms_settings import SmsSettings, settings_of
from sandbox.ledger import EffectKind, write_effect
from sandbox.store import Row, Store
from sandbox.wire import Call, Cause, Refusal, Reply, Vendor, iso_utc, new_transaction_id

BASE_PATH = "/webhookconfigs-kpn"
# The most specific first: whose active key signs.
LEVELS = ("applications", "teams", "organizations")
STATUSES = ("staged", "active", "retiring", "retired")
LONGEST_KEY_ID, LONGEST_SECRET = 128, 4096
TOLD = ("key_id", "status", "created_at", "updated_at")
INFO = "https://developer.kpn.com/documentation-webhook-signing-keys"

Handler = Callable[[Store, Call, "Place"], Reply]


class Place:
    """Whose keys a call is about, and which one of them."""

    def __init__(self, settings: SmsSettings, client_id: str, level: str, key_id: str = "") -> None:
        self.level, self.key_id = level, key_id
        self.owner = settings.owner(level, client_id)


def answer(store: Store, call: Call) -> Reply:
    route = route_of(call.path)
    methods = ROUTES.get(route)
    if methods is None:
        raise Refusal(404, "NotFound", "Not Found", INFO)
    handler = methods.get(call.method)
    if handler is None:
        raise Refusal(405, "MethodNotAllowed", "Method Not Allowed", INFO, {"Allow": ", ".join(methods)})
    with store.transaction():
        settings = settings_of(store, call.client_id)
        if not settings.keys_offered:
            raise Refusal(403, "Forbidden", "Forbidden", "https://developer.kpn.com/support")
        _, level, _, *rest = call.path.split("/")
        key_id = rest[0] if "{key_id}" in route else ""
        return handler(store, call, Place(settings, call.client_id, level, key_id))


def route_of(path: str) -> str:
    _, level, *rest = path.split("/")
    if level not in LEVELS or rest[:1] != ["keys"]:
        return "/…"
    more = rest[1:]
    if more and more != ["reveal"]:
        more[0] = "{key_id}" if more[0] else ""
    route = "/".join(["/{level}", *rest[:1], *more])
    return route if route in ROUTES else "/…"


# --- The calls --------------------------------------------------------------------------------------------------------


def create_call(store: Store, call: Call, place: Place) -> Reply:
    given = json_of(call, {"key_id", "secret", "staged"})
    key_id, secret, staged = given.get("key_id", new_key_id()), given.get("secret"), given.get("staged", False)
    if not isinstance(secret, str) or not 1 <= len(secret) <= LONGEST_SECRET:
        raise bad(f"secret must be text of 1 to {LONGEST_SECRET} characters.")
    if not isinstance(key_id, str) or not 1 <= len(key_id) <= LONGEST_KEY_ID or not isinstance(staged, bool):
        raise bad(f"key_id must be text of at most {LONGEST_KEY_ID} characters, staged true or false.")
    if _found(store, place, key_id):
        raise bad("There is a key of this key_id already.")
    row = create(store, place, key_id, secret, staged=staged)
    _write(store, call, place, "signing_key_created", row)
    return Reply(201, public_key(row))


def list_calls(store: Store, call: Call, place: Place) -> Reply:
    wanted = parse_qs(call.query).get("status")
    if wanted and wanted[-1].lower() not in STATUSES:
        raise bad("status must be STAGED, ACTIVE, RETIRING or RETIRED.")
    rows = keys_of(store, place.level, place.owner)
    return Reply(200, [public_key(row) for row in rows if not wanted or row["status"] == wanted[-1].lower()])


def reveal_call(store: Store, call: Call, place: Place) -> Reply:
    row = active_key(store, place.level, place.owner)
    if row is None:
        raise Refusal(404, "NotFound", "No active signing key found", INFO)
    return Reply(200, public_key(row) | {"secret": row["secret"]})


def activate_call(store: Store, call: Call, place: Place) -> Reply:
    row = _in_state(store, place, "staged")
    _retire_the_active(store, place)
    return _moved(store, call, place, row, "active", "signing_key_activated")


def retire_call(store: Store, call: Call, place: Place) -> Reply:
    return _moved(store, call, place, _in_state(store, place, "retiring"), "retired", "signing_key_retired")


def delete_call(store: Store, call: Call, place: Place) -> Reply:
    row = _in_state(store, place, "retired")
    store.run("DELETE FROM signing_keys WHERE id = ?", row["id"])
    _write(store, call, place, "signing_key_deleted", row)
    return Reply(204, None)


ROUTES: dict[str, dict[str, Handler]] = {
    "/{level}/keys": {"POST": create_call, "GET": list_calls},
    "/{level}/keys/reveal": {"GET": reveal_call},
    "/{level}/keys/{key_id}/activate": {"POST": activate_call},
    "/{level}/keys/{key_id}/retire": {"POST": retire_call},
    "/{level}/keys/{key_id}": {"DELETE": delete_call},
}


# --- The keys ---------------------------------------------------------------------------------------------------------


def new_key_id() -> str:
    return f"wk_{secrets.token_hex(12).upper()}"


def public_key(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in TOLD}


def keys_of(store: Store, level: str, owner: str) -> list[Row]:
    """The newest first."""
    return store.all("SELECT * FROM signing_keys WHERE level = ? AND owner = ? ORDER BY id DESC", level, owner)


def active_key(store: Store, level: str, owner: str) -> Row | None:
    return store.one("SELECT * FROM signing_keys WHERE level = ? AND owner = ? AND status = 'active'", level, owner)


def signing_key(store: Store, client_id: str, settings: SmsSettings) -> Row:
    """The most specific active key; an organization's key is made for the first delivery that finds none."""
    for level in LEVELS:
        if row := active_key(store, level, settings.owner(level, client_id)):
            return row
    place = Place(settings, client_id, "organizations")
    with store.transaction():
        row = create(store, place, new_key_id(), secrets.token_urlsafe(32), staged=False)
        facts = {"level": place.level, "key_id": row["key_id"], "status": row["status"]}
        origin: dict[str, Any] = {"transaction_id": new_transaction_id(), "cause": "late_work"}
        write_effect(store, client_id, "signing_key_created", facts, **origin)
    return row


def create(store: Store, place: Place, key_id: str, secret: str, *, staged: bool) -> Row:
    if not staged:
        _retire_the_active(store, place)
    now = iso_utc()
    row_id = store.insert(
        "INSERT INTO signing_keys (level, owner, key_id, secret, status, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        place.level,
        place.owner,
        key_id,
        secret,
        "staged" if staged else "active",
        now,
        now,
    )
    return _row(store, row_id)


def _row(store: Store, row_id: int) -> Row:
    row = store.one("SELECT * FROM signing_keys WHERE id = ?", row_id)
    if row is None:
        raise LookupError(f"signing key {row_id} vanished")
    return row


def _found(store: Store, place: Place, key_id: str) -> Row | None:
    return store.one(
        "SELECT * FROM signing_keys WHERE level = ? AND owner = ? AND key_id = ?", place.level, place.owner, key_id
    )


def _in_state(store: Store, place: Place, status: str) -> Row:
    row = _found(store, place, place.key_id)
    if row is None:
        raise Refusal(404, "NotFound", "Not Found", INFO)
    if row["status"] != status:
        raise bad(f"Key is not in {status} state.")
    return row


def _retire_the_active(store: Store, place: Place) -> None:
    store.run(
        "UPDATE signing_keys SET status = 'retiring', updated_at = ? WHERE level = ? AND owner = ? AND status = 'active'",
        iso_utc(),
        place.level,
        place.owner,
    )


def _moved(store: Store, call: Call, place: Place, row: Row, status: str, kind: EffectKind) -> Reply:
    store.run("UPDATE signing_keys SET status = ?, updated_at = ? WHERE id = ?", status, iso_utc(), row["id"])
    moved = _row(store, row["id"])
    _write(store, call, place, kind, moved)
    return Reply(200, public_key(moved))


def _write(store: Store, call: Call, place: Place, kind: EffectKind, row: Row) -> None:
    facts = {"level": place.level, "key_id": row["key_id"], "status": row["status"]}
    cause: Cause = call.cause
    write_effect(store, call.client_id, kind, facts, transaction_id=call.transaction_id, cause=cause)


KPN_KEYS = Vendor("kpn_keys", BASE_PATH, kpn_gateway.admit, answer, route_of, refuse)
