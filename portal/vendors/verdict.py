"""What an answer, or its absence, means for the next move. Return codes: Kandy reference, "Return codes"."""

from datetime import UTC, datetime, timedelta
from typing import Any

from portal.vendors.errors import (
    THROTTLED_FOR,
    VendorCredentialsRejected,
    VendorError,
    VendorOutcomeUnknown,
    VendorProtocolError,
    VendorRefused,
    VendorThrottled,
    VendorUnavailable,
)
from portal.vendors.exchange import Exchange
from portal.vendors.quota import LONGEST_WAIT
from portal.vendors.times import read_time

# 407: a proxy on our side wants credentials, the vendor has seen nothing (RFC 9110, 15.5.8).
# 425: the server declines to touch a request that may be a replay (RFC 8470, 5.2).
NEVER_CARRIED_OUT = {407, 425}
# 408 should mean that the request did not arrive in full (RFC 9110, 15.5.9), but gateways also say it, and nginx's 499,
# about a backend that was at work: for a write nothing is proven.
PROVES_NOTHING = {408, 499}


def failure_of(answered: Exchange, *, write: bool) -> VendorError | None:
    """The error to raise for this exchange, or None when it is a success that could be read."""
    status = answered.status
    if status is None:
        return _no_answer(answered, write=write)
    facts: dict[str, Any] = {
        "status": status,
        "request_id": answered.request_id,
        "vendor_message": answered.vendor_message,
        "vendor_code": answered.vendor_code,
    }
    if 200 <= status < 300:
        return _unreadable(answered, facts, write=write) if answered.flaw else None
    if status == 401:
        return VendorCredentialsRejected("The vendor does not accept the credentials", **facts)
    if status == 429:
        return VendorThrottled("The vendor's call quota is used up", retry_at=_retry_at(answered), **facts)
    if status in NEVER_CARRIED_OUT:
        return VendorUnavailable("The call was turned away before it reached the vendor's service", **facts)
    if 400 <= status < 500 and status not in PROVES_NOTHING:
        return VendorRefused("The vendor refused the call", **facts)
    if write:
        return VendorOutcomeUnknown("The vendor's answer does not say whether it was done", **facts)
    return VendorUnavailable("The vendor could not answer", **facts)


def _no_answer(answered: Exchange, *, write: bool) -> VendorError:
    if not answered.sent:
        return VendorUnavailable(f"Nothing was sent to the vendor: {answered.flaw}")
    if write:
        return VendorOutcomeUnknown(f"The call was sent and no answer came: {answered.flaw}")
    return VendorUnavailable(f"No answer came: {answered.flaw}")


def _unreadable(answered: Exchange, facts: dict[str, Any], *, write: bool) -> VendorError:
    late_read = VendorUnavailable if answered.timed_out else VendorProtocolError
    kind = VendorOutcomeUnknown if write else late_read
    return kind(f"The vendor's answer cannot be read: {answered.flaw}", **facts)


def _retry_at(answered: Exchange) -> datetime:
    """When to call again: the quota's reset, else Retry-After, else a minute; never past, never beyond 31 days."""
    now = datetime.now(UTC)
    resets_at = read_time(answered.headers.get("quota-reset-UTC"))
    for moment in (resets_at, _retry_after(answered, now)):
        if moment is not None and moment > now:
            return min(moment, now + LONGEST_WAIT)
    return now + THROTTLED_FOR


def _retry_after(answered: Exchange, now: datetime) -> datetime | None:
    told = str(answered.headers.get("Retry-After", "")).strip()
    if told.isascii() and told.isdecimal():
        return now + timedelta(seconds=min(int(told[:10]), LONGEST_WAIT.total_seconds()))
    return read_time(told)
