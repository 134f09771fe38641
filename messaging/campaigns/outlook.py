"""What releasing a planned campaign would mean: how long it takes, quiet hours, what is left of the day's bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from messaging.campaigns.guards import begins_at
from messaging.models import Campaign, DaySum, SmsRules
from portal.ui.formats import duration
from portal.vendors.models import ConnectionState

UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


@dataclass(frozen=True)
class Bound:
    """A bound of a day: None where there is none. `needed` None while it is not known."""

    most: Decimal | int | None
    used: Decimal | int
    needed: Decimal | int | None

    @property
    def left(self) -> Decimal | int | None:
        return None if self.most is None else max(self.most - self.used, self.most * 0)

    @property
    def fits(self) -> bool:
        return self.left is None or self.needed is None or self.needed <= self.left


@dataclass(frozen=True)
class Outlook:
    """`takes` None: the vendor has told no quota. `waits_until` is set where it begins within quiet hours, `pauses_at`

    where they begin before it is done.
    """

    starts_at: datetime
    day: date
    takes: timedelta | None
    waits_until: datetime | None
    pauses_at: datetime | None
    recipients: Bound
    eur: Bound
    second_person: bool

    @property
    def fits(self) -> bool:
        return self.recipients.fits and self.eur.fits

    @property
    def takes_words(self) -> str:
        return duration(self.takes or timedelta())


def days_set_aside(now: datetime) -> ArraySubquery:
    """For annotating campaigns: what their company has set aside on each day that has not ended everywhere."""
    days = DaySum.objects.filter(tenant=OuterRef("tenant"), day__gte=now.date() - timedelta(days=1))
    return ArraySubquery(days.values(told=JSONObject(day="day", recipients="recipients", eur="eur")))


def outlook_of(
    campaign: Campaign,
    rules: SmsRules,
    health: ConnectionState,
    set_aside: Sequence[Mapping[str, Any]],
    zone: ZoneInfo,
    now: datetime,
) -> Outlook:
    """`set_aside` is of `days_set_aside`."""
    starts_at = max(campaign.starts_at or now, now)
    takes = time_for(campaign.plan.get("calls", 0), health, now)
    begins = begins_at(campaign, rules, zone, now)
    day = begins.astimezone(zone).date()
    used = next((each for each in set_aside if each["day"] == day.isoformat()), {"recipients": 0, "eur": 0})
    return Outlook(
        starts_at=starts_at,
        day=day,
        takes=takes,
        waits_until=begins if begins > starts_at else None,
        pauses_at=None if campaign.ignores_quiet_hours else _pauses_at(begins, takes, rules, zone),
        recipients=Bound(rules.most_recipients_a_day, used["recipients"], campaign.recipients),
        eur=Bound(rules.most_eur_a_day, Decimal(str(used["eur"])), campaign.eur),
        second_person=rules.second_person_above is not None and campaign.recipients > rules.second_person_above,
    )


def time_for(calls: int, health: ConnectionState, now: datetime) -> timedelta | None:
    """Until the last of `calls` is made at the vendor's quota, answers apart; None where the vendor told none."""
    interval = _interval(health.quota_interval)
    if not health.quota_limit or interval is None:
        return None
    running = health.quota_resets_at is not None and health.quota_resets_at > now
    free = max(health.quota_limit - (health.quota_used or 0), 0) if running else health.quota_limit
    if calls <= free:
        return timedelta()
    until_reset = health.quota_resets_at - now if running and health.quota_resets_at else interval
    further = -(-(calls - free) // health.quota_limit)
    return until_reset + (further - 1) * interval


def _interval(told: str) -> timedelta | None:
    """ "1 minute", "minute" or "" (see `portal.vendors.health`)."""
    number, _blank, unit = told.rpartition(" ")
    length = UNITS.get(unit.rstrip("s"))
    return None if length is None else length * (int(number) if number.isdecimal() else 1)


# --- Quiet hours ------------------------------------------------------------------------------------------------------


def _pauses_at(begins: datetime, takes: timedelta | None, rules: SmsRules, zone: ZoneInfo) -> datetime | None:
    if rules.quiet_from is None or takes is None:
        return None
    quiet = _next(rules.quiet_from, begins, zone)
    return quiet if quiet < begins + takes else None


def _next(clock: time, after: datetime, zone: ZoneInfo) -> datetime:
    """The next time after `after` that the clocks of `zone` show `clock`."""
    local = after.astimezone(zone)
    today = datetime.combine(local.date(), clock, zone)
    return today if today > local else datetime.combine(local.date() + timedelta(days=1), clock, zone)
