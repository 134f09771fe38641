"""When a grant is refreshed, how long that may take, and when its loss is certain enough."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from portal.vendors.http import Limits
from portal.vendors.line import limits

# Never later than this before the access token's end, but for tokens that hardly live longer.
BEFORE_END = timedelta(seconds=60)
# Beyond the time-outs of a refresh: nothing leaves any more after half of it.
LEASE_MARGIN = timedelta(seconds=4)
# Of a look at the old token. With the lease of a refresh and beat's tick it stays below the minute in which a loss is shown.
LONGEST_LOOK = timedelta(seconds=6)
# A token that the vendor refuses though it gave it a moment ago is not cured by another one.
TOO_YOUNG = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)


def due_at(issued_at: datetime, expires_at: datetime) -> datetime:
    """About the middle of the access token's life, so that there is time for a second try; not all at the same moment."""
    life = expires_at - issued_at
    early = life * (0.45 + random.random() * 0.1)  # noqa: S311 - spreads load
    return issued_at + (min(early, life - BEFORE_END) if life > 2 * BEFORE_END else early)


def refresh_limits() -> Limits:
    """A refresh is waited for: whoever gives up early loses the tokens."""
    seconds = settings.KWEBBL_REFRESH_READ_TIMEOUT
    usual = limits()
    return replace(usual, read_timeout=seconds, total_timeout=seconds + usual.connect_timeout / 2)


def lease() -> timedelta:
    """For so long nobody else touches a grant whose refresh was begun."""
    return timedelta(seconds=refresh_limits().total_timeout) + LEASE_MARGIN


def look_limits() -> Limits:
    """A vendor that hangs says no more in a minute than in a few seconds."""
    seconds = min(LONGEST_LOOK.total_seconds(), limits().total_timeout)
    return replace(limits(), read_timeout=seconds, total_timeout=seconds, list_timeout=seconds)


def look_lease() -> timedelta:
    """For so long nobody else looks."""
    return LONGEST_LOOK + LEASE_MARGIN / 2


def settling_time() -> timedelta:
    """After an answer was lost the vendor may be at work still for so long."""
    return timedelta(seconds=settings.KWEBBL_REFRESH_SETTLE_SECONDS)


def patience() -> timedelta:
    """For so long after a refresh was sent the old token is looked at; then the grant is lost."""
    return timedelta(seconds=settings.KWEBBL_GRANT_LOST_SECONDS)


def rest_after(failures: int) -> timedelta:
    """Before the next try, when nothing was sent or the vendor refused: 2 s, 4 s, … ten minutes; with jitter."""
    seconds = min(2.0 ** min(failures, 12), LONGEST_REST.total_seconds())
    return timedelta(seconds=seconds * (0.75 + random.random() / 2))  # noqa: S311 - spreads load
