"""KPN's gateway: the bearer token, the quota, and the headers of every answer.

`quota-reset-UTC` is documented as text in UTC and no more. Here it is ISO 8601 with milliseconds and Z
(`2026-11-21T08:30:00.000Z`), or epoch milliseconds for an account whose `quota_reset_format` is `epoch_ms`.
A window opens with the first call after the last reset; refused calls do not count.
"""

import math
import time
from datetime import UTC, datetime

from sandbox.accounts import TIME_UNITS, get_account
from sandbox.store import Row, Store
from sandbox.wire import Admission, Refusal

API_VERSION = "1.0"
CURRENT = "n/a"
# What a throttled account without a quota of its own is told.
ASSUMED_LIMIT = 100


def admit(store: Store, authorization: str, _body: bytes) -> Admission:
    """Checks token, block and quota, and spends one call of the quota. Inside the caller's transaction."""
    try:
        account = _account_of(store, authorization)
    except Refusal as refusal:
        return Admission(None, {"api-version": API_VERSION, "sunset": CURRENT}, refusal)
    headers = {"api-version": account["api_version"], "sunset": account["sunset"]}
    try:
        if account["blocked"]:
            raise Refusal(403, "Forbidden", "This app may not use this API.")
        headers |= _spend_quota(store, account, time.time())
    except Refusal as refusal:
        return Admission(account["client_id"], headers, refusal)
    return Admission(account["client_id"], headers)


def _account_of(store: Store, authorization: str) -> Row:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal(401, "Unauthorized", "An access token is needed.", "Authorization")
    account = store.one(
        "SELECT accounts.*, expires_at FROM tokens JOIN accounts USING (client_id) WHERE token = ?", token.strip()
    )
    if account is None:
        raise Refusal(401, "Unauthorized", "The access token is not valid.", "Authorization")
    if account["expires_at"] <= time.time():
        raise Refusal(401, "Unauthorized", "The access token has expired.", "Authorization")
    return account


def _spend_quota(store: Store, account: Row, now: float) -> dict[str, str]:
    """The quota's headers; none when the account has no quota. Raises Refusal 429."""
    if now < account["throttled_until"]:
        raise _too_many(account, account["throttled_until"])
    if account["quota_limit"] is None:
        return {}
    used, resets_at = account["quota_used"], account["quota_resets_at"]
    if now >= resets_at:
        used, resets_at = 0, _end_of_window(account, now)
    if used >= account["quota_limit"]:
        raise _too_many(account, resets_at)
    store.run(
        "UPDATE accounts SET quota_used = ?, quota_resets_at = ? WHERE client_id = ?",
        used + 1,
        resets_at,
        account["client_id"],
    )
    return _quota_headers(account, used + 1, resets_at)


def _end_of_window(account: Row, now: float) -> float:
    return _to_milliseconds(now + account["quota_interval"] * TIME_UNITS[account["quota_time_unit"]])


def _to_milliseconds(moment: float) -> float:
    """Rounded up, so that whoever waits until the moment that the header names is not early."""
    return math.ceil(moment * 1000) / 1000


def _too_many(account: Row, resets_at: float) -> Refusal:
    used = account["quota_limit"] or ASSUMED_LIMIT
    headers = _quota_headers(account, used, resets_at)
    return Refusal(429, "TooManyRequests", "The quota is used up.", headers["quota-reset-UTC"], headers)


def _quota_headers(account: Row, used: int, resets_at: float) -> dict[str, str]:
    return {
        "quota-limit": str(account["quota_limit"] or ASSUMED_LIMIT),
        "quota-used": str(used),
        "quota-interval": str(account["quota_interval"]),
        "quota-time-unit": account["quota_time_unit"],
        "quota-reset-UTC": _reset_text(resets_at, account["quota_reset_format"]),
    }


def _reset_text(resets_at: float, form: str) -> str:
    milliseconds = round(resets_at * 1000)
    if form == "epoch_ms":
        return str(milliseconds)
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def throttle(store: Store, client_id: str, seconds: float) -> Refusal:
    """Refuses the account's calls for that long; returns the 429 for the call that met it."""
    until = _to_milliseconds(time.time() + seconds)
    store.run("UPDATE accounts SET throttled_until = ? WHERE client_id = ?", until, client_id)
    return _too_many(get_account(store, client_id), until)
