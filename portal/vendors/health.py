"""What is learned of a connection by calling: quota, version, sunset, and whether it is well."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest

from portal.vendors.errors import (
    VendorConsentMissing,
    VendorCredentialsRejected,
    VendorError,
    VendorOutcomeUnknown,
    VendorProtocolError,
    VendorRefused,
    VendorThrottled,
    VendorUnavailable,
)
from portal.vendors.http import CallRecord, pace
from portal.vendors.models import Connection, ConnectionState

Trouble = ConnectionState.Trouble
# What a vendor writes when no sunset is planned.
NO_SUNSET = {"", "n/a"}
# A busy connection need not write down each of its successes.
SUCCESS_IS_FRESH = timedelta(seconds=10)


def learn(
    connection: Connection,
    calls: Sequence[CallRecord],
    error: VendorError | None,
    known: ConnectionState | None = None,
) -> timedelta:
    """Write down what `calls` and their end told of the vendor, in one UPDATE. Returns how long it should rest.

    Nothing is written where `known`, the state of a moment ago, says it all.
    """
    now = datetime.now(UTC)
    if calls and error is None and known is not None and _says_it_all(known, calls, now):
        return timedelta()
    if not calls:
        _held_back(connection, error, now)
        return _rest(error, now)
    news, wait = _told(calls, now), _rest(error, now) or _pace(calls, now)
    if wait:
        # Another line may have been told of a later reset.
        news["quiet_until"] = Greatest(F("quiet_until"), Value(now + wait))
    news |= _well_or_not(error, calls, now)
    if news:
        ConnectionState.objects.filter(connection=connection).update(**news)
    return wait


def _says_it_all(known: ConnectionState, calls: Sequence[CallRecord], now: datetime) -> bool:
    """Well, as it was seconds ago; the same version, the same sunset, and no word of a quota."""
    if known.trouble or known.succeeded_at is None or now - known.succeeded_at > SUCCESS_IS_FRESH:
        return False
    return all(
        record.quota is None
        and record.api_version[:80] in ("", known.api_version)
        and _sunset(record.sunset) == known.sunset
        for record in calls
        if record.status and record.api_version
    )


def _sunset(told: str) -> str:
    return "" if told.strip().lower() in NO_SUNSET else told[:200]


def _held_back(connection: Connection, error: VendorError | None, now: datetime) -> None:
    """The portal made no call. Only of the credentials that says something; what the vendor said of them stays."""
    if isinstance(error, VendorCredentialsRejected) and not isinstance(error, VendorConsentMissing):
        ConnectionState.objects.filter(connection=connection).exclude(trouble=Trouble.CREDENTIALS).update(
            trouble=Trouble.CREDENTIALS, trouble_message=str(error)[:500], trouble_since=now
        )


def _rest(error: VendorError | None, now: datetime) -> timedelta:
    return max(error.retry_at - now, timedelta()) if isinstance(error, VendorThrottled) else timedelta()


def _pace(calls: Sequence[CallRecord], now: datetime) -> timedelta:
    quotas = [record.quota for record in calls if record.quota is not None]
    return pace(quotas[-1], now) if quotas else timedelta()


def _told(calls: Sequence[CallRecord], now: datetime) -> dict[str, Any]:
    """Of quota, version and sunset what the newest answer said that spoke of it."""
    news: dict[str, Any] = {}
    for record in calls:
        if record.quota is not None:
            news |= {
                "quota_limit": record.quota.limit,
                "quota_used": record.quota.used,
                "quota_interval": f"{record.quota.interval or ''} {record.quota.unit}".strip(),
                "quota_resets_at": record.quota.resets_at,
                "quota_seen_at": now,
            }
        if record.sunset:
            news["sunset"] = _sunset(record.sunset)
        if record.api_version:
            news |= _version(record.api_version[:80])
    return news


def _version(version: str) -> dict[str, Any]:
    """A changed version remembers the one before it, until a person has taken note."""
    changed = ~Q(api_version="") & ~Q(api_version=version)
    return {
        "api_version": version,
        "previous_api_version": Case(When(changed, then=F("api_version")), default=F("previous_api_version")),
    }


def _well_or_not(error: VendorError | None, calls: Sequence[CallRecord], now: datetime) -> dict[str, Any]:
    trouble = _trouble(error, calls[-1])
    if trouble:
        since = Case(When(trouble=trouble, then=F("trouble_since")), default=Value(now))
        return {"trouble": trouble, "trouble_message": str(error)[:500], "trouble_since": since}
    if error is None or isinstance(error, VendorRefused):
        return _well(now)
    return {}


def _well(now: datetime) -> dict[str, Any]:
    """An answer that was asked for before the quota ran out does not open it again."""
    still = Q(trouble=Trouble.QUOTA, quiet_until__gt=now)
    return {
        "succeeded_at": now,
        "trouble": Case(When(still, then=F("trouble")), default=Value("")),
        "trouble_message": Case(When(still, then=F("trouble_message")), default=Value("")),
        "trouble_since": Case(When(still, then=F("trouble_since")), default=Value(None)),
    }


def _trouble(error: VendorError | None, last: CallRecord) -> str:
    match error:
        case VendorCredentialsRejected():
            return Trouble.CREDENTIALS
        case VendorThrottled():
            return Trouble.QUOTA
        case VendorProtocolError():
            return Trouble.PROTOCOL
        case VendorUnavailable():
            return Trouble.UNREACHABLE
        case VendorOutcomeUnknown():
            # One lost answer is the operation's trouble. Whether the vendor can be reached, the look at it will tell.
            if last.status is None or last.status >= 500:
                return ""
            # Without a status of its own the flaw was found on our side of the answer.
            return Trouble.PROTOCOL if error.status else ""
    return ""
