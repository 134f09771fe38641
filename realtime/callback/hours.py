"""Opening hours by weekday, in the company's own zone: written, read, and when it opens next."""

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
DAYS = 7

# [from, until] of each day from Monday, [] for a day that is closed. No days at all: always open.
Hours = Sequence[Sequence[str]]


def read_span(text: str) -> list[str]:
    """["09:00", "17:30"] of "9:00-17:30", [] of nothing. Raises ValidationError."""
    if not text.strip():
        return []
    found = SPAN.fullmatch(text.strip())
    try:
        first, last = _times(found.groups()) if found else (time(0), time(0))
    except ValueError:
        first = last = time(0)
    if first >= last:
        raise ValidationError(_("Write the hours as 09:00-17:30."), code="hours")
    return [first.strftime("%H:%M"), last.strftime("%H:%M")]


def _times(parts: Sequence[str]) -> tuple[time, time]:
    hour, minute, until_hour, until_minute = (int(part) for part in parts)
    return time(hour, minute), time(until_hour, until_minute)


def span_text(span: Sequence[str]) -> str:
    return "-".join(span)


def is_open(hours: Hours, at: datetime, zone: ZoneInfo) -> bool:
    """`until` is the first minute that is closed."""
    if not any(hours):
        return True
    here = at.astimezone(zone)
    span = hours[here.weekday()]
    return bool(span) and span[0] <= here.strftime("%H:%M") < span[1]


def opens_at(hours: Hours, at: datetime, zone: ZoneInfo) -> datetime:
    """When it opens next after `at`; `at` itself while it is open. In `zone`."""
    here = at.astimezone(zone)
    if is_open(hours, at, zone):
        return here
    starts = (_opening(hours, here, days) for days in range(DAYS + 1))
    return next(start for start in starts if start is not None and start > here)


def _opening(hours: Hours, here: datetime, days: int) -> datetime | None:
    """When it opens on the day that is so many days after `here`; None for a day that is closed."""
    day = here.date() + timedelta(days=days)
    span = hours[day.weekday()]
    return datetime.combine(day, time.fromisoformat(span[0]), tzinfo=here.tzinfo) if span else None
