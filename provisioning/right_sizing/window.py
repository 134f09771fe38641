"""When in a month the portal removes products: late, so that they can be used, and early enough for the vendor."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from portal.billing.peaks import Period
from portal.billing.terms import Terms


@dataclass(frozen=True)
class Window:
    """The part of a `month` (on the calendar of the contract) in which an approved removal is placed."""

    month: Period
    opens_at: datetime
    closes_at: datetime

    def over(self, now: datetime) -> bool:
        return now >= self.closes_at

    def near(self, now: datetime) -> bool:
        """Is it time to tell people what could be saved (RIGHT_SIZING_TELL_DAYS)?"""
        return self.month.end - timedelta(days=settings.RIGHT_SIZING_TELL_DAYS) <= now < self.closes_at


def window_of(now: datetime, terms: Terms | None = None) -> Window:
    """The window of the month that `now` lies in by the calendar of `terms`; by the vendor's where there are none."""
    month = (terms or Terms()).month(now)
    opens_at = month.end - timedelta(hours=settings.RIGHT_SIZING_OPENS_HOURS)
    closes_at = month.end - timedelta(hours=settings.RIGHT_SIZING_CLOSES_HOURS)
    return Window(month, max(month.start, opens_at), closes_at)
