"""A company at the simulated Kwebbl: how the vendor behaves towards it, its users and dialplans, and their caller IDs."""

import json
import secrets
import string
from typing import Any

from sandbox.checks import (
    BadInput,
    Check,
    checked,
    one_of,
    optional,
    positive,
    probability,
    seconds,
    text,
    whole,
    yes_or_no,
)
from sandbox.store import Row, Store
from sandbox.wire import JSON, Refusal, Reply

SCOPES = {
    "user.info": False,
    "company.dialplans": False,
    "company.users": False,
    "calls.events": True,
    "calls.events.personal": False,
    "calls.events.presence": False,
    "calls.manage": True,
    "calls.manage.personal": False,
    "calls.create": True,
    "calls.create.personal": False,
}
"""Every scope of the document, and whether only an admin may grant it."""

MANNERS: dict[str, Check] = {
    "redirect_uri": optional(text),
    "expires_in": seconds,
    "refresh_expires_in": seconds,
    "scope_told": yes_or_no,
    "state_told": yes_or_no,
    "one_grant_per_user": yes_or_no,
    "denied_status": whole,
    "errors": one_of("full", "oauth", "bare"),
    "created_status": whole,
    "spelling": one_of("plain", "mixed"),
    "seed": whole,
    "late": probability,
    "late_seconds": seconds,
    "twice": probability,
    "disorder_seconds": seconds,
    "lost": probability,
    "event_tries": positive,
    "answer_after": optional(seconds),
    "office_per_minute": whole,
    "office_callers": lambda value: [text(each) for each in value],
    "consent_error": optional(one_of("server_error", "unauthorized_client", "invalid_request")),
}
USUAL: dict[str, Any] = {
    "redirect_uri": None,
    "expires_in": 900.0,
    "refresh_expires_in": 196 * 86_400.0,
    "scope_told": False,
    "state_told": True,
    "one_grant_per_user": False,
    "denied_status": 403,
    "errors": "full",
    "created_status": 201,
    "spelling": "plain",
    "seed": 0,
    "late": 0.0,
    "late_seconds": 2.0,
    "twice": 0.0,
    "disorder_seconds": 0.0,
    "lost": 0.0,
    "event_tries": 1,
    "answer_after": None,
    "office_per_minute": 0,
    "office_callers": [],
    "consent_error": None,
}
USERS: list[dict[str, Any]] = [
    {"name": "Alice Jansen", "number": "201", "login": "alice", "password": "alice", "admin": True},
    {"name": "Bob de Vries", "number": "202", "login": "bob", "password": "bob"},
    {"name": "Vera Bakker", "number": "203", "login": "vera", "password": "vera"},
    {"name": "Adam Visser", "number": "001", "login": "adam", "password": "adam"},
]
DIALPLANS: list[dict[str, Any]] = [
    {"name": "Sales", "number": "345", "external_number": "31102612345", "rings": ["202", "203"]},
    {"name": "Support", "number": "346", "external_number": "31102612346", "rings": ["203", "001"]},
]
CALLER_NUMBERS = ["31102612345", "31102612346"]


class KwebblRefusal(Refusal):
    """A no in the vendor's shape: `{status_code, error_code, message}`, an OAuth error's, or the status alone."""

    def __init__(self, status: int, code: str, message: str, shape: str = "full") -> None:
        super().__init__(status, code, message)
        self.shape = shape

    def reply(self, transaction_id: str) -> Reply:
        if self.shape == "oauth":
            return Reply(self.status, {"error": self.name, "error_description": self.message})
        told: dict[str, Any] = {"status_code": self.status}
        if self.shape == "full":
            told |= {"error_code": self.name, "message": self.message}
        return Reply(self.status, told)


class Company:
    """One company's extensions and manners, read when needed."""

    def __init__(self, store: Store, client_id: str) -> None:
        self.store, self.client_id = store, client_id
        row = store.one("SELECT manners FROM kwebbl_companies WHERE client_id = ?", client_id)
        if row is None:
            found(store, client_id, USERS, DIALPLANS)
        self.manners: dict[str, Any] = USUAL | (json.loads(row["manners"]) if row else {})

    def refusal(self, status: int, code: str, message: str) -> KwebblRefusal:
        return KwebblRefusal(status, code, message, self.manners["errors"])

    def denied(self, message: str = "No permission to access the required scopes.") -> KwebblRefusal:
        return self.refusal(self.manners["denied_status"], "access_denied", message)

    def invalid(self, message: str) -> KwebblRefusal:
        return self.refusal(400, "validation", message)

    def missing(self, what: str) -> KwebblRefusal:
        return self.refusal(404, "entity_not_exist", f"There is no such {what}.")

    def extensions(self) -> list[Row]:
        return self.store.all("SELECT * FROM kwebbl_extensions WHERE client_id = ? ORDER BY id", self.client_id)

    def by_id(self, extension_id: Any) -> Row | None:
        return self.store.one(
            "SELECT * FROM kwebbl_extensions WHERE client_id = ? AND extension_id = ?",
            self.client_id,
            str(extension_id),
        )

    def by_number(self, number: str) -> Row | None:
        """By the internal number, or by a dialplan's external one in any spelling."""
        outer = number.removeprefix("+").removeprefix("00")
        return self.store.one(
            "SELECT * FROM kwebbl_extensions WHERE client_id = ?1 AND (number = ?2 OR (external_number = ?3 AND ?3 != '')) "
            "ORDER BY number = ?2 DESC",
            self.client_id,
            number,
            outer,
        )


def found(store: Store, client_id: str, users: list[dict[str, Any]], dialplans: list[dict[str, Any]]) -> None:
    """Makes the company with these people; what stood before is forgotten."""
    store.run("INSERT OR IGNORE INTO kwebbl_companies (client_id, manners) VALUES (?, '{}')", client_id)
    store.run("DELETE FROM kwebbl_extensions WHERE client_id = ?", client_id)
    for user in users:
        add_extension(store, client_id, "user", user)
    for dialplan in dialplans:
        add_extension(store, client_id, "dialplan", dialplan)


def change_manners(store: Store, client_id: str, values: dict[str, Any]) -> None:
    """Raises BadInput."""
    kept = Company(store, client_id).manners | checked(values, MANNERS)
    store.run("UPDATE kwebbl_companies SET manners = ? WHERE client_id = ?", json.dumps(kept), client_id)


def odd_id() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))


EXTENSION_FIELDS: dict[str, Check] = {
    "extension_id": text,
    "name": text,
    "number": text,
    "external_number": text,
    "admin": yes_or_no,
    "login": text,
    "password": text,
    "rings": lambda value: [text(each) for each in value],
    "caller_numbers": lambda value: [text(each) for each in value],
}


def add_extension(store: Store, client_id: str, kind: str, values: dict[str, Any]) -> str:
    """Returns its ID. Raises BadInput."""
    given = checked(values, EXTENSION_FIELDS)
    if not {"name", "number"} <= given.keys():
        raise BadInput("an extension has a name and a number")
    # The document's pattern has 32 hex digits; its examples of a dialplan have other letters, and capitals.
    extension_id = given.get("extension_id") or (secrets.token_hex(16) if kind == "user" else odd_id())
    store.insert(
        "INSERT INTO kwebbl_extensions (extension_id, client_id, kind, name, number, external_number, admin, login, "
        "password, caller_id, rings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
        extension_id,
        client_id,
        kind,
        given["name"],
        given["number"],
        given.get("external_number", ""),
        int(given.get("admin", False)),
        given.get("login", given["number"] if kind == "user" else ""),
        given.get("password", given["number"]),
        json.dumps(given.get("rings", [])),
    )
    for number in given.get("caller_numbers", CALLER_NUMBERS if kind == "user" else []):
        store.insert(
            "INSERT INTO kwebbl_caller_ids (extension_id, caller_id, caller_number) VALUES (?, ?, ?)",
            extension_id,
            secrets.token_hex(16),
            number,
        )
    return extension_id


# --- As the vendor tells them -----------------------------------------------------------------------------------------


def public_extension(company: Company, row: Row) -> dict[str, Any]:
    """In mixed spelling numbers without a leading 0 are JSON numbers, as in the examples."""
    mixed = company.manners["spelling"] == "mixed"

    def number(told: str) -> Any:
        return int(told) if mixed and not told.startswith("0") else told

    told = {
        "id": row["extension_id"],
        "name": row["name"],
        "number": number(row["number"]),
        "type": row["kind"],
    }
    return told | ({"external_number": number(row["external_number"])} if row["external_number"] else {})


def caller_ids(store: Store, extension_id: str) -> list[dict[str, str]]:
    rows = store.all("SELECT * FROM kwebbl_caller_ids WHERE extension_id = ? ORDER BY id", extension_id)
    return [{"caller_id": row["caller_id"], "caller_number": row["caller_number"]} for row in rows]


def told_loosely(items: list[dict[str, str]]) -> Reply:
    """The document's own JSON of this answer: names without quotes."""
    inner = ", ".join(
        "{ " + ", ".join(f"{name}: {json.dumps(value)}" for name, value in each.items()) + "}" for each in items
    )
    return Reply(200, f"[{inner}]", content_type="text/json") if items else Reply(200, [], content_type=JSON)
