"""How many calls a vendor still allows, as told by its quota-* headers (Kandy reference, "HTTP response headers")."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.vendors.times import read_time

NEAR = 0.8
LONGEST_WAIT = timedelta(days=31)
UNTOLD_WAIT = timedelta(seconds=60)
LARGEST_COUNT = 2**31 - 1


@dataclass(frozen=True)
class Quota:
    """`limit` calls are allowed in `interval` `unit`s, `used` of them are gone, and `resets_at` (UTC) starts anew."""

    limit: int
    used: int
    interval: int | None = None
    unit: str = ""
    resets_at: datetime | None = None

    @classmethod
    def parse(cls, headers: Mapping[str, str]) -> "Quota | None":
        """None when the headers do not tell limit and use. Never raises."""
        told = {str(name).lower(): value for name, value in headers.items()}
        limit, used = _count(told.get("quota-limit")), _count(told.get("quota-used"))
        if limit is None or used is None:
            return None
        return cls(
            limit=limit,
            used=used,
            interval=_count(told.get("quota-interval")),
            unit=str(told.get("quota-time-unit") or "").strip().lower()[:20],
            resets_at=read_time(told.get("quota-reset-utc")),
        )


def pace(quota: Quota, now: datetime) -> timedelta:
    """How long to wait before the next call: nothing below 80 % used, until the reset when used up.

    In between, what is left is spread over the time to the reset; without a known reset only a used-up quota waits.
    """
    left = quota.limit - quota.used
    if quota.resets_at is None:
        return timedelta() if left > 0 else UNTOLD_WAIT
    to_reset = min(max(quota.resets_at - now, timedelta()), LONGEST_WAIT)
    if left <= 0:
        return to_reset
    return to_reset / left if quota.used >= NEAR * quota.limit else timedelta()


def _count(text: object) -> int | None:
    digits = str(text).strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10):
        return None
    return min(int(digits), LARGEST_COUNT)
