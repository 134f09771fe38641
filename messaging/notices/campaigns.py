"""What people are told of campaigns: one stopped by itself, one waits for a second person, a day is nearly full, one ended."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.home import DEFAULTS, LocalDay
from messaging.models import Batch, Campaign, DaySum, SmsRules
from portal.notices import watching
from portal.notices.models import Notice
from portal.notices.raising import raise_notice
from portal.notices.registry import Kind, Mail, Words
from portal.notices.watching import State
from portal.sentences import Sentence
from portal.tenancy.roles import Role
from portal.ui.formats import number

GROUP = gettext_lazy("Messaging")
# Of what may be sent on a day: then those who plan the rest of it want to know.
NEARLY = 0.9


def campaign_finished(campaign: Campaign) -> None:
    """Everything that could be sent has left; told by whoever ends it, in that transaction."""
    args = {"name": campaign.name, "recipients": campaign.recipients}
    raise_notice(FINISHED, campaign.tenant_id, campaign.pk, args, subject=campaign)


# --- What is so now, over all tenants --------------------------------------------------------------------------------


def stopped(now: datetime) -> Iterator[State]:
    for each in _in_state(Campaign.State.STOPPED).only("tenant", "name", "stopped_because"):
        args = {"name": each.name, "why": each.stopped_because}
        yield State(each.tenant_id, each.pk, args, each)


def awaiting(now: datetime) -> Iterator[State]:
    for each in _in_state(Campaign.State.AWAITING).select_related("released_by"):
        args = {"name": each.name, "recipients": each.recipients, "who": str(each.released_by or "")}
        yield State(each.tenant_id, each.pk, args, each)


def unknown(now: datetime) -> Iterator[State]:
    """One for a campaign, however many of its batches are unknown."""
    rows = Batch.objects.filter(state=Batch.State.UNKNOWN, tenant__state="active").select_related("campaign")
    found = {each.campaign_id: each.campaign for each in rows.order_by("pk")}
    for each in found.values():
        yield State(each.tenant_id, each.pk, {"name": each.name}, each)


def nearly_full(now: datetime) -> Iterator[State]:
    """A day is one of its tenant's zone."""
    today = DaySum.objects.filter(tenant__state="active", day=LocalDay("tenant__time_zone"))
    bounds = {rules.tenant_id: rules for rules in SmsRules.objects.filter(tenant__in=today.values("tenant"))}
    for each in today:
        used = _used(each, bounds.get(each.tenant_id, DEFAULTS))
        if used >= NEARLY:
            yield State(each.tenant_id, each.day, {"day": each.day.isoformat(), "percent": int(100 * used)})


def _in_state(state: str) -> QuerySet[Campaign]:
    return Campaign.objects.filter(state=state, tenant__state="active")


def _used(each: DaySum, rules: SmsRules) -> float:
    """The share of the bound that is nearest."""
    pairs: list[tuple[int | Decimal, int | Decimal | None]] = [
        (each.recipients, rules.most_recipients_a_day),
        (each.eur, rules.most_eur_a_day),
    ]
    return max([float(used) / float(most) for used, most in pairs if most], default=0.0)


# --- In words ---------------------------------------------------------------------------------------------------------


def _stopped_words(args: Mapping[str, Any]) -> Words:
    why = str(Sentence.from_json(args["why"]))
    then = _("Nothing more leaves until somebody resumes it or cancels it.")
    return Words(_("The campaign “%(name)s” stopped by itself") % {"name": args["name"]}, f"{why} {then}".strip())


def _awaiting_words(args: Mapping[str, Any]) -> Words:
    values = {"name": args["name"], "who": args["who"] or "Patchbay", "n": number(args["recipients"])}
    return Words(
        _("The campaign “%(name)s” waits for a second person") % values,
        _("%(who)s released it to %(n)s recipients. Nothing is sent until somebody else confirms it.") % values,
    )


def _unknown_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("Of a batch of “%(name)s” nobody knows whether it left") % {"name": args["name"]},
        _("Nothing is sent again by itself. A delivery report proves that it left; else somebody decides."),
    )


def _nearly_full_words(args: Mapping[str, Any]) -> Words:
    day = parse_date(args["day"])
    values = {"percent": args["percent"], "day": date_format(day, "j M Y") if day else ""}
    return Words(
        _("%(percent)s%% of what may be sent on %(day)s is set aside") % values,
        _("What goes above the bound is refused when it is released. An admin can change the rules for sending."),
    )


def _finished_words(args: Mapping[str, Any]) -> Words:
    values = {"name": args["name"], "n": number(args["recipients"])}
    return Words(
        _("The campaign “%(name)s” is sent") % values,
        _("It went to %(n)s recipients. What became of each message comes with the delivery reports.") % values,
    )


def _page(notice: Notice, slug: str) -> str:
    return reverse("messaging:campaign", args=[slug, notice.subject_id])


def _list(notice: Notice, slug: str) -> str:
    return reverse("messaging:campaigns", args=[slug])


SEE = gettext_lazy("See the campaign")
STOPPED = Kind(
    "messaging.campaign_stopped",
    gettext_lazy("A campaign stopped by itself"),
    GROUP,
    _stopped_words,
    _page,
    SEE,
    icon="alert-triangle",
    tone="danger",
    needs_you=True,
)
AWAITING = Kind(
    "messaging.campaign_awaiting",
    gettext_lazy("A campaign waits for a second person"),
    GROUP,
    _awaiting_words,
    _page,
    gettext_lazy("Look at it and confirm"),
    doors=(Role.ADMIN,),
    icon="users",
    tone="warning",
    needs_you=True,
)
UNKNOWN = Kind(
    "messaging.batch_unknown",
    gettext_lazy("Nobody knows whether messages left"),
    GROUP,
    _unknown_words,
    _page,
    SEE,
    icon="help-circle",
    tone="warning",
    needs_you=True,
)
NEARLY_FULL = Kind(
    "messaging.day_nearly_full",
    gettext_lazy("What may be sent on a day is nearly used up"),
    GROUP,
    _nearly_full_words,
    _list,
    gettext_lazy("See the campaigns"),
    icon="hourglass",
    tone="warning",
    needs_you=True,
)
FINISHED = Kind(
    "messaging.campaign_finished",
    gettext_lazy("A campaign is sent"),
    GROUP,
    _finished_words,
    _page,
    SEE,
    icon="check",
    tone="success",
    mail=Mail.NEVER,
)
KINDS = [STOPPED, AWAITING, UNKNOWN, NEARLY_FULL, FINISHED]


def watch() -> None:
    """Those that are told by their state, so that nobody who changes it has to think of them."""
    for kind, look in ((STOPPED, stopped), (AWAITING, awaiting), (UNKNOWN, unknown), (NEARLY_FULL, nearly_full)):
        watching.watch(kind, look)
