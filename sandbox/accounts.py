"""Accounts of the simulated vendors: what they agreed with the vendor, set through the control API."""

from typing import Any

from sandbox.checks import BadInput, Check, amount, checked, one_of, optional, positive, seconds, text, yes_or_no
from sandbox.store import Row, Store

TIME_UNITS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 30 * 86_400,
}


class UnknownAccount(Exception):
    """There is no account with this client id."""


FIELDS: dict[str, Check] = {
    "client_secret": text,
    "domain": text,
    "unit_price_eur": amount,
    "limit_eur": optional(amount),
    "token_lifetime": seconds,
    "quota_limit": optional(positive),
    "quota_interval": positive,
    "quota_time_unit": one_of(*TIME_UNITS),
    "quota_reset_format": one_of("iso", "epoch_ms"),
    "fulfil_after": seconds,
    "sunset": text,
    "api_version": text,
    "blocked": yes_or_no,
    "single_answers": one_of("list", "object"),
    "list_cut_at": optional(positive),
    "status_told": yes_or_no,
    "case_tells_apart": yes_or_no,
    "script_answer": one_of("xml", "list"),
}
DEFAULTS: dict[str, Any] = {
    "unit_price_eur": "1.00",
    "limit_eur": None,
    "token_lifetime": 3599.0,
    "quota_limit": None,
    "quota_interval": 1,
    "quota_time_unit": "minute",
    "quota_reset_format": "iso",
    "fulfil_after": 0.0,
    "sunset": "n/a",
    "api_version": "1.0",
    "blocked": False,
    "single_answers": "list",
    "list_cut_at": None,
    "status_told": True,
    "case_tells_apart": False,
    "script_answer": "xml",
}


def put_account(store: Store, client_id: str, values: dict[str, Any]) -> None:
    """Creates or changes an account; fields left out keep their value."""
    changes = checked(values, FIELDS)
    if store.one("SELECT 1 FROM accounts WHERE client_id = ?", client_id):
        _update(store, client_id, changes)
        return
    if "client_secret" not in changes:
        raise BadInput("client_secret: needed to create an account")
    _insert(store, {**DEFAULTS, "domain": f"{client_id}.example", **changes, "client_id": client_id})


def _update(store: Store, client_id: str, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        store.run(f"UPDATE accounts SET {name} = ? WHERE client_id = ?", value, client_id)  # noqa: S608 - a FIELDS key


def _insert(store: Store, values: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(values))
    store.run(f"INSERT INTO accounts ({', '.join(values)}) VALUES ({marks})", *values.values())  # noqa: S608


def get_account(store: Store, client_id: str) -> Row:
    """Raises UnknownAccount."""
    row = store.one("SELECT * FROM accounts WHERE client_id = ?", client_id)
    if row is None:
        raise UnknownAccount(client_id)
    return row


def agreement(account: Row) -> dict[str, Any]:
    """The account's fields as the control API shows them: all but the secret."""
    shown = {name: account[name] for name in FIELDS if name != "client_secret"}
    flags = {name: bool(account[name]) for name in ("blocked", "status_told", "case_tells_apart")}
    return {"client_id": account["client_id"], **shown, **flags}
