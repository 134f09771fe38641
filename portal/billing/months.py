"""Calendar months of a zone as periods in UTC: an hour longer or shorter where the clocks change."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from portal.billing.peaks import Period

# Months are charged by the vendor's calendar unless a contract says otherwise.
BILLING_ZONE = ZoneInfo("Europe/Amsterdam")


def month(year: int, number: int, zone: tzinfo = BILLING_ZONE) -> Period:
    """The month `number` (1 to 12) of `year` on the calendar of `zone`."""
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return Period(datetime(year, number, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone), zone)


def month_of(moment: datetime, zone: tzinfo = BILLING_ZONE) -> Period:
    """The month that an aware `moment` lies in. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    local = moment.astimezone(zone)
    return month(local.year, local.month, zone)


def next_month(period: Period, zone: tzinfo = BILLING_ZONE) -> Period:
    """The month after the one that is `period`."""
    return month_of(period.end, zone)


def months_from(first: datetime, last: datetime, zone: tzinfo = BILLING_ZONE) -> Iterator[Period]:
    """Every month from the one of `first` to the one of `last`, both included."""
    period = month_of(first, zone)
    while period.start <= last:
        yield period
        period = next_month(period, zone)
