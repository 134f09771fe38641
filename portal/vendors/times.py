"""Reading the many ways in which vendors write a moment."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def read_time(value: Any) -> datetime | None:
    """The moment in UTC, or None when there is none to be read.

    Takes ISO 8601 (without an offset it is UTC), epoch seconds and milliseconds as number or text, and HTTP dates.
    Moments outside the years 2000 to 2099 are no moments: they are durations or nonsense.
    """
    text = str(value).strip()[:64] if isinstance(value, str | int | float) else ""
    for read in (_epoch, datetime.fromisoformat, parsedate_to_datetime):
        try:
            return _within_reason(read(text))
        except (ValueError, OverflowError, OSError, TypeError, IndexError):
            continue
    return None


def _epoch(text: str) -> datetime:
    number = float(text)
    seconds = number / 1000 if number > LATEST.timestamp() else number
    return _within_reason(datetime.fromtimestamp(seconds, UTC))


def _within_reason(moment: datetime) -> datetime:
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not EARLIEST <= aware < LATEST:
        raise ValueError("outside the years a vendor speaks of")
    return aware
