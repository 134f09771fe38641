"""Kwebbl's tokens, asked for by a code and renewed ("Authorization Code Grant Flow", "Restoring / Renewing an Access Token").

Renewing gives both tokens anew and kills all earlier ones at once, so an answer that was lost is a grant that may be lost:
every failure here says whether the vendor can have done it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from portal.vendors.errors import VendorError, VendorOutcomeUnknown, VendorRefused
from portal.vendors.exchange import Exchange, Outgoing, perform
from portal.vendors.http import CallRecord, Limits, Redactor
from portal.vendors.verdict import failure_of
from realtime.loose_json import read_json

# "Restoring / Renewing an Access Token": a refresh token ends after that.
REFRESH_LIFETIME = timedelta(days=196)
# Used when the answer does not say how long the access token lives: the shorter of the two lives that the document shows.
UNTOLD_LIFETIME = timedelta(seconds=900)
LONGEST_LIFETIME = REFRESH_LIFETIME
STATE_MISMATCH = "state_mismatch"
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_CODE = re.compile(r"[a-z][a-z_]{1,59}")


@dataclass(frozen=True)
class Tokens:
    """Both tokens. `expires_at` is the access token's end and counts from before the question; `scope` is what the vendor
    said that was granted, None when it said nothing.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime
    issued_at: datetime
    scope: tuple[str, ...] | None = None

    @property
    def refresh_expires_at(self) -> datetime:
        return self.issued_at + REFRESH_LIFETIME


class TokenRefused(VendorRefused):
    """The vendor gave no tokens and changed nothing. `oauth_error` is its code: invalid_grant, invalid_client, invalid_request,
    unauthorized_client; or `STATE_MISMATCH`, ours, for an answer that belongs to another visit.
    """

    @property
    def oauth_error(self) -> str:
        return self.vendor_code


@dataclass(frozen=True)
class TokenEndpoint:
    """Where tokens are asked for, and as which application. With `secret_in_body` nothing is in the Authorization header."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    secret_in_body: bool = False


def consent_url(authorize_url: str, *, client_id: str, redirect_uri: str, state: str, scopes: Iterable[str]) -> str:
    """Where a person consents ("Authorization Code Grant Flow", a)."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "scope": " ".join(scopes),
    }
    return f"{authorize_url}{'&' if urlsplit(authorize_url).query else '?'}{urlencode(query)}"


def exchange_code(
    token_url: str,
    client_id: str,
    client_secret: str,
    code: str,
    redirect_uri: str,
    *,
    limits: Limits,
    redactor: Redactor,
    on_call: Callable[[CallRecord], None],
    state: str = "",
    secret_in_body: bool = False,
) -> Tokens:
    """Tokens for the code that came with the person ("Authorization Code Grant Flow", d and e).

    A `state` in the answer must be the one given. Raises as `refresh` does.
    """
    redactor.learn(code)
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    endpoint = TokenEndpoint(token_url, client_id, client_secret, secret_in_body)
    return _ask(endpoint, body, limits=limits, redactor=redactor, on_call=on_call, state=state)


def refresh(
    token_url: str,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    *,
    limits: Limits,
    redactor: Redactor,
    on_call: Callable[[CallRecord], None],
    redirect_uri: str = "",
    secret_in_body: bool = False,
    send_by: float | None = None,
) -> Tokens:
    """New tokens for a refresh token, which is dead afterwards, as is every earlier access token.

    After `send_by` (`time.monotonic()`) nothing leaves any more: VendorUnavailable.

    Raises TokenRefused when the vendor says no, VendorThrottled and VendorUnavailable when nothing was done (no byte left,
    or it was turned away), and VendorOutcomeUnknown when the tokens may have been renewed and their answer is lost,
    500 and an unreadable answer among it.
    """
    redactor.learn(refresh_token)
    body = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    body |= {"redirect_uri": redirect_uri} if redirect_uri else {}
    endpoint = TokenEndpoint(token_url, client_id, client_secret, secret_in_body)
    return _ask(endpoint, body, limits=limits, redactor=redactor, on_call=on_call, send_by=send_by)


def _ask(
    endpoint: TokenEndpoint,
    body: dict[str, str],
    *,
    limits: Limits,
    redactor: Redactor,
    on_call: Callable[[CallRecord], None],
    state: str = "",
    send_by: float | None = None,
) -> Tokens:
    redactor.learn(endpoint.client_secret)
    asked_at = datetime.now(UTC)
    answered = perform(_question(endpoint, body), limits=limits, redactor=redactor, on_call=on_call, send_by=send_by)
    if failure := failure_of(answered, write=True):
        raise _as_refusal(failure, answered)
    payload = _payload_of(answered)
    redactor.learn_from(payload)
    tokens = _tokens_of(payload, answered, asked_at)
    if payload.get("state") and payload["state"] != state and "code" in body:
        raise TokenRefused("The vendor's answer belongs to another visit", vendor_code=STATE_MISMATCH)
    return tokens


def _question(endpoint: TokenEndpoint, body: dict[str, str]) -> Outgoing:
    """Credentials in the header or in the body: both at once is refused by the vendor."""
    if endpoint.secret_in_body:
        named = {"client_id": endpoint.client_id, "client_secret": endpoint.client_secret}
        return Outgoing("POST", endpoint.url, json={**body, **named}, text_too=True)
    return Outgoing("POST", endpoint.url, json=body, basic=(endpoint.client_id, endpoint.client_secret), text_too=True)


def _as_refusal(failure: VendorError, answered: Exchange) -> VendorError:
    """Any 4xx that carries an OAuth code was decided by the vendor: 401 is here no word about an access token."""
    if failure.status is None or not 400 <= failure.status < 500 or failure.status in (408, 425, 429, 499):
        return failure
    code = failure.vendor_code if _CODE.fullmatch(failure.vendor_code) else ""
    return TokenRefused(
        "The vendor gave no tokens",
        status=failure.status,
        request_id=failure.request_id,
        vendor_message=failure.vendor_message,
        vendor_code=code,
    )


def _payload_of(answered: Exchange) -> dict[str, Any]:
    payload = answered.payload
    if isinstance(payload, str):
        try:
            payload = read_json(payload)
        except ValueError:
            payload = None
    return payload if isinstance(payload, dict) else {}


def _tokens_of(payload: dict[str, Any], answered: Exchange, asked_at: datetime) -> Tokens:
    access, renewal = payload.get("access_token"), payload.get("refresh_token")
    for token in (access, renewal):
        if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise VendorOutcomeUnknown(
                "The token endpoint's answer holds no pair of tokens",
                status=answered.status,
                request_id=answered.request_id,
            )
    scope = payload.get("scope")
    return Tokens(
        access=str(access),
        refresh=str(renewal),
        expires_at=asked_at + _lifetime(payload.get("expires_in")),
        issued_at=asked_at,
        scope=tuple(scope.split()) if isinstance(scope, str) else None,
    )


def _lifetime(told: Any) -> timedelta:
    """The document has 900 seconds in its example and 14 days in its text; as a number or as text."""
    try:
        seconds = float(told) if not isinstance(told, bool) else 0.0
    except (TypeError, ValueError, OverflowError):
        return UNTOLD_LIFETIME
    # A not-a-number compares false with everything.
    return timedelta(seconds=min(seconds, LONGEST_LIFETIME.total_seconds())) if seconds > 0 else UNTOLD_LIFETIME
