"""Access tokens by client credentials, as KPN's gateway gives them (Kandy marketplace page, "Getting started")."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from portal.vendors.errors import VendorCredentialsRejected, VendorError, VendorUnavailable
from portal.vendors.exchange import CallRecord, Exchange, Outgoing, perform
from portal.vendors.redaction import Redactor
from portal.vendors.verdict import failure_of
from portal.vendors.wire import Limits

# Used when the answer does not say how long the token lives: short enough to be true of any token.
UNTOLD_LIFETIME = timedelta(minutes=5)
LONGEST_LIFETIME = timedelta(days=1)
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


class TokenSource(Protocol):
    """Where a vendor call gets its bearer token from. Both methods raise the VendorUnavailable family only."""

    def current(self) -> str:
        """A token believed to be good."""

    def renew(self, rejected: str) -> str:
        """A token other than `rejected`, which the vendor has just answered with 401."""


@dataclass(frozen=True)
class AccessToken:
    value: str = field(repr=False)
    expires_at: datetime


def fetch_token(
    token_url: str,
    client_id: str,
    client_secret: str,
    *,
    limits: Limits,
    redactor: Redactor,
    on_call: Callable[[CallRecord], None],
) -> AccessToken:
    """Ask for a new token; `expires_at` counts from before the question, so it is never later than the truth.

    Raises VendorCredentialsRejected when the vendor says no (400, 401, 403), VendorThrottled on 429, and
    VendorUnavailable for everything else: a token that was not got has never done anything at the vendor.
    """
    redactor.learn(client_secret)
    asked_at = datetime.now(UTC)
    answered = perform(
        _question(token_url, client_id, client_secret), limits=limits, redactor=redactor, on_call=on_call
    )
    if failure := failure_of(answered, write=False):
        raise _as_token_failure(failure)
    return _token_of(answered, asked_at)


def _question(token_url: str, client_id: str, client_secret: str) -> Outgoing:
    asks_already = "grant_type" in parse_qs(urlsplit(token_url).query)
    return Outgoing(
        "POST",
        token_url,
        params=None if asks_already else {"grant_type": "client_credentials"},
        form={"client_id": client_id, "client_secret": client_secret},
    )


def _as_token_failure(failure: VendorError) -> VendorUnavailable:
    """No failure to get a token may look like a verdict on the call that needed it."""
    facts: dict[str, Any] = {
        "status": failure.status,
        "request_id": failure.request_id,
        "vendor_message": failure.vendor_message,
    }
    if failure.status in (400, 401, 403):
        return VendorCredentialsRejected("The token endpoint rejected the credentials", **facts)
    if isinstance(failure, VendorUnavailable):
        return failure
    return VendorUnavailable("The token endpoint gave no token", **facts)


def _token_of(answered: Exchange, asked_at: datetime) -> AccessToken:
    payload = answered.payload if isinstance(answered.payload, dict) else {}
    value = payload.get("access_token")
    if not (isinstance(value, str) and _TOKEN.fullmatch(value)):
        raise VendorUnavailable(
            "The token endpoint's answer holds no token", status=answered.status, request_id=answered.request_id
        )
    return AccessToken(value, asked_at + _lifetime(payload.get("expires_in")))


def _lifetime(told: Any) -> timedelta:
    """KPN tells seconds as text; other gateways as a number."""
    try:
        seconds = float(told) if not isinstance(told, bool) else 0.0
    except (TypeError, ValueError, OverflowError):
        return UNTOLD_LIFETIME
    # A not-a-number compares false with everything.
    return timedelta(seconds=min(seconds, LONGEST_LIFETIME.total_seconds())) if seconds > 0 else UNTOLD_LIFETIME
