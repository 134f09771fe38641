"""What stands between a click and a send: bounds of a day, quiet hours, senders, a second person. Each raises NotPromised."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from messaging.models import Campaign, DaySum, Message, SmsRules
from messaging.rules import allowed_senders, rules_of
from portal.operations.refusals import NotPromised

# The vendor's shortest validity abroad, in seconds (SMS API, /send, `expirein`).
SHORTEST_ABROAD = 21
NOTHING = Decimal(0)


def check_sender(campaign: Campaign) -> None:
    if not allowed_senders(campaign.connection.tenant).filter(name=campaign.sender).exists():
        raise NotPromised(
            _(
                "The sender “%(name)s” is not allowed for this company. Nothing was released: choose another, or ask for it."
            ),
            name=campaign.sender,
        )


def check_validity(campaign: Campaign) -> None:
    if campaign.expires_in is None or campaign.expires_in >= SHORTEST_ABROAD:
        return
    if Message.objects.filter(campaign=campaign).exclude(country="NL").exists():
        raise NotPromised(
            _("Abroad a message has to be valid for at least %(seconds)s seconds. Nothing was released."),
            seconds=SHORTEST_ABROAD,
        )


def needs_second_person(campaign: Campaign) -> bool:
    most = rules_of(campaign.tenant_id).second_person_above
    return most is not None and campaign.recipients > most


# --- Bounds of a day ----------------------------------------------------------------------------------------------------


def begins_at(campaign: Campaign, rules: SmsRules, zone: ZoneInfo, now: datetime) -> datetime:
    """When the first of it may leave: at its time, or when the quiet hours of that moment are over."""
    starts_at = max(campaign.starts_at or now, now)
    return starts_at if campaign.ignores_quiet_hours else quiet_until(rules, zone, starts_at) or starts_at


def day_of(campaign: Campaign, rules: SmsRules, now: datetime) -> date:
    """The tenant's local day on which it will begin."""
    zone = campaign.connection.tenant.zone
    return begins_at(campaign, rules, zone, now).astimezone(zone).date()


def set_aside(campaign: Campaign, now: datetime) -> None:
    """Hold recipients and money against the bounds of the day it starts, by one conditional UPDATE. Raises NotPromised.

    The caller holds the campaign's row and saves `reserved_on`.
    """
    rules = rules_of(campaign.tenant_id)
    day = day_of(campaign, rules, now)
    if rules.most_eur_a_day is not None and campaign.eur is None:
        raise NotPromised(
            _("The company bounds what is spent a day, and no price is agreed for this campaign. Nothing was released.")
        )
    DaySum.objects.bulk_create([DaySum(tenant_id=campaign.tenant_id, day=day)], ignore_conflicts=True)
    sums = DaySum.objects.filter(tenant_id=campaign.tenant_id, day=day)
    eur = campaign.eur or Decimal(0)
    if not _with_room(sums, rules, campaign.recipients, eur).update(
        recipients=F("recipients") + campaign.recipients, eur=F("eur") + eur
    ):
        raise _over_the_bound(sums.get(), rules, campaign.recipients)
    campaign.reserved_on = day


def _with_room(sums: QuerySet[DaySum], rules: SmsRules, recipients: int, eur: Decimal) -> QuerySet[DaySum]:
    """Whoever comes second waits for the first one's row, and is measured with what the first one took."""
    if rules.most_recipients_a_day is not None:
        sums = sums.filter(recipients__lte=rules.most_recipients_a_day - recipients)
    if rules.most_eur_a_day is not None:
        sums = sums.filter(eur__lte=rules.most_eur_a_day - eur)
    return sums


def _over_the_bound(sums: DaySum, rules: SmsRules, recipients: int) -> NotPromised:
    most = rules.most_recipients_a_day
    if most is not None and sums.recipients + recipients > most:
        return NotPromised(
            _(
                "The company sends to at most %(most)s recipients a day, and %(taken)s of them are set aside for %(day)s."
                " Nothing was released."
            ),
            most=most,
            taken=sums.recipients,
            day=sums.day.isoformat(),
        )
    return NotPromised(
        _(
            "The company spends at most EUR %(most)s a day, and EUR %(taken)s of it is set aside for %(day)s."
            " Nothing was released."
        ),
        most=str(rules.most_eur_a_day),
        taken=str(sums.eur),
        day=sums.day.isoformat(),
    )


def give_back(campaign: Campaign, recipients: int, eur: Decimal) -> None:
    """Of what the campaign set aside."""
    if campaign.reserved_on is None:
        return
    DaySum.objects.filter(tenant_id=campaign.tenant_id, day=campaign.reserved_on).update(
        recipients=Greatest(F("recipients") - recipients, 0), eur=Greatest(F("eur") - eur, Decimal(0))
    )


# --- Quiet hours --------------------------------------------------------------------------------------------------------


def quiet_until(rules: SmsRules, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours that hold `now` are over (UTC); None outside of them."""
    ends = [end for start, end in _spans(rules, zone, now) if start <= now < end]
    return max(ends, default=None)


def _spans(rules: SmsRules, zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yesterday's and today's, as moments. Where clocks change, a doubtful hour is quiet."""
    if rules.quiet_from is None or rules.quiet_until is None:
        return
    today, over_midnight = now.astimezone(zone).date(), rules.quiet_until < rules.quiet_from
    for day in (today - timedelta(days=1), today):
        start = min(_moments(day, rules.quiet_from, zone))
        end = max(_moments(day + timedelta(days=over_midnight), rules.quiet_until, zone))
        yield start, end


def _moments(day: date, at: time, zone: ZoneInfo) -> list[datetime]:
    return [datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)]


def held_until(campaign: Campaign) -> datetime | None:
    """Before when nothing of the campaign may leave: its start, or the end of quiet hours; None when it may."""
    now = timezone.now()
    if campaign.starts_at is not None and campaign.starts_at > now:
        return campaign.starts_at
    if campaign.ignores_quiet_hours:
        return None
    return quiet_until(rules_of(campaign.tenant_id), campaign.connection.tenant.zone, now)
