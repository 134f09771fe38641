"""Messaging on a tenant's first page: what is being sent, what of the day's bounds is used, what wants a person, what it costs.

What it says is read with the connections (`register_along`): the page has no query to spare.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, DateField, DateTimeField, Exists, Func, OuterRef, Subquery, Sum, When
from django.db.models.functions import JSONObject
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.campaigns.tally import Tally
from messaging.models import Batch, Campaign, DaySum, PartsSent, SmsAccount, SmsRules
from messaging.usage import Place, kept_from, kept_since, reading_of
from portal.billing.kept import last_month, rows
from portal.billing.peaks import Period
from portal.billing.terms import first_day_of
from portal.tenancy.roles import Role
from portal.ui.charges import Charge
from portal.ui.first_steps import Step
from portal.ui.home import Matter
from portal.vendors.home import told_along

VENDOR = "kpn_sms"
ALONG = "of_messaging"
CAMPAIGNS_SHOWN = 4
UNDER_WAY = [Campaign.State.SENDING, Campaign.State.SCHEDULED, Campaign.State.PAUSED]
DEFAULTS = SmsRules()


class LocalDay(Func):
    """Today, in the zone whose name is given."""

    template, output_field = "(now() at time zone %(expressions)s)::date", DateField()


class LocalMidnight(Func):
    """When today began, in the zone whose name is given."""

    template = "(date_trunc('day', now() at time zone %(expressions)s) at time zone %(expressions)s)"
    output_field = DateTimeField()


# --- What is read -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnderWay:
    """A campaign that is being sent, or soon will be."""

    pk: int
    name: str
    condition: str
    tally: Tally


@dataclass(frozen=True)
class Desk:
    """Messaging of one tenant. A bound of None is none; `silent` are names of connections of which no report comes."""

    places: list[Place]
    under_way: list[UnderWay]
    stopped: list[int]
    awaiting: list[int]
    unknown_batches: list[int]
    silent: list[str]
    messages: int
    parts: int
    reserved: int
    reserved_eur: Decimal
    most_recipients: int | None
    most_eur: Decimal | None
    ever_sent: bool
    ever_written: bool

    @property
    def used_percent(self) -> int:
        """Of the bound that is nearest."""
        shares = [Decimal(0)]
        if self.most_recipients:
            shares.append(Decimal(self.reserved) / self.most_recipients)
        if self.most_eur:
            shares.append(self.reserved_eur / self.most_eur)
        return int(100 * max(shares))


def along() -> Case:
    """Of the tenant's messaging, with each connection to the SMS API."""
    of_tenant = {"tenant": OuterRef("tenant")}
    campaigns = Campaign.objects.filter(**of_tenant)
    rules = SmsRules.objects.filter(**of_tenant)
    sums = DaySum.objects.filter(**of_tenant, day=LocalDay(OuterRef("tenant__time_zone")))
    sent = PartsSent.objects.filter(
        destination__tenant=OuterRef("tenant"), sent_at__gte=LocalMidnight(OuterRef("tenant__time_zone"))
    )
    told = JSONObject(
        kept=kept_since(last_month(), "tenant"),
        under_way=rows(
            campaigns.filter(state__in=UNDER_WAY).with_counts().order_by("-created_at", "-pk")[: CAMPAIGNS_SHOWN + 1],
            pk="pk",
            name="name",
            state="state",
            counts="counts",
        ),
        stopped=_ids(campaigns.filter(state=Campaign.State.STOPPED)),
        awaiting=_ids(campaigns.filter(state=Campaign.State.AWAITING)),
        unknown=_ids(Batch.objects.filter(**of_tenant, state=Batch.State.UNKNOWN)),
        silent=ArraySubquery(
            SmsAccount.objects.filter(**of_tenant, silent_since__isnull=False).values("connection__name")
        ),
        sent=Subquery(
            sent.order_by()
            .values("tenant")
            .annotate(row=JSONObject(messages=Sum("messages"), parts=Sum("parts")))
            .values("row")
        ),
        reserved=Subquery(sums.values(row=JSONObject(recipients="recipients", eur="eur"))[:1]),
        rules=Subquery(rules.values(row=JSONObject(recipients="most_recipients_a_day", eur="most_eur_a_day"))[:1]),
        ever_sent=Exists(campaigns.filter(began_at__isnull=False)),
        ever_written=Exists(campaigns),
    )
    return Case(When(vendor=VENDOR, then=told))


def _ids(rows: Any) -> ArraySubquery:
    """A few are enough to say that there are many."""
    return ArraySubquery(rows.order_by("pk").values("pk")[:100])


def desk_of(request: HttpRequest) -> Desk | None:
    """None for a tenant without messaging. Any of the connections tells of all; it is read once a request."""
    if not hasattr(request, "messaging_desk"):
        told = told_along(request, ALONG)
        request.messaging_desk = _desk(told) if told else None  # type: ignore[attr-defined]
    return request.messaging_desk  # type: ignore[attr-defined]


def _desk(told: Mapping[str, Any]) -> Desk:
    rules = told["rules"] or {"recipients": DEFAULTS.most_recipients_a_day, "eur": DEFAULTS.most_eur_a_day}
    sent, reserved = told["sent"] or {}, told["reserved"] or {}
    return Desk(
        places=kept_from(last_month(), told["kept"]).places,
        under_way=[_under_way(row) for row in told["under_way"]],
        stopped=told["stopped"],
        awaiting=told["awaiting"],
        unknown_batches=told["unknown"],
        silent=told["silent"],
        messages=sent.get("messages") or 0,
        parts=sent.get("parts") or 0,
        reserved=reserved.get("recipients") or 0,
        reserved_eur=Decimal(str(reserved.get("eur") or 0)),
        most_recipients=rules["recipients"],
        most_eur=None if rules["eur"] is None else Decimal(str(rules["eur"])),
        ever_sent=told["ever_sent"],
        ever_written=told["ever_written"],
    )


def _under_way(row: Mapping[str, Any]) -> UnderWay:
    return UnderWay(row["pk"], row["name"], f"campaign_{row['state']}", Tally(row["counts"] or {}))


# --- What is shown ----------------------------------------------------------------------------------------------------


def card(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    desk = desk_of(request)
    if desk is None:
        return None
    shown = desk.under_way[:CAMPAIGNS_SHOWN]
    return "messaging/_home_card.html", {"desk": desk, "shown": shown, "more": len(desk.under_way) > len(shown)}


def matters(request: HttpRequest) -> Iterator[Matter]:
    desk = desk_of(request)
    if desk is not None:
        yield from filter(None, [_stopped(request, desk), _unknown(request, desk), _awaiting(request, desk)])
        yield from filter(None, [_silent(request, desk), _nearly_full(request, desk)])


def steps(request: HttpRequest) -> list[Step]:
    """The first campaign; nothing for tenants without messaging."""
    desk = desk_of(request)
    if desk is None:
        return []
    return [
        Step(
            _("Send the first SMS"),
            _("Write a text, say who gets it, and see what it comes to before anything is sent."),
            done=desk.ever_sent,
            act=_("Go to the campaigns"),
            url=reverse("messaging:campaigns", args=[_slug(request)]),
            role=Role.OPERATOR,
        )
    ]


def charges(request: HttpRequest, period: Period) -> Iterator[Charge]:
    """Each destination to which something was sent in the running month or the last one."""
    desk = desk_of(request)
    for place in desk.places if desk else []:
        charge = _charge(request, place)
        if charge.peak_at_most or charge.last_cost:
            yield charge


def _slug(request: HttpRequest) -> str:
    return request.tenant.slug  # type: ignore[attr-defined]


def _charge(request: HttpRequest, place: Place) -> Charge:
    running = place.terms.month(timezone.now())
    reading = reading_of(place, running)
    return Charge(
        label=place.name,
        url=reverse("messaging:days", args=[_slug(request)]),
        peak=reading.value,
        peak_at=None,
        peak_at_most=reading.at_most,
        cost=_cost(place, running, reading.value),
        cost_at_most=_cost(place, running, reading.at_most),
        last_cost=_last_cost(place, running),
        zone=place.terms.zone(first_day_of(running)).key,
        sums=True,
    )


def _last_cost(place: Place, running: Period) -> Decimal | None:
    last = place.terms.month(running.start - timedelta(days=1))
    return _cost(place, last, place.parts_in(last)) if place.counted_in(last) else None


def _cost(place: Place, period: Period, parts: int) -> Decimal | None:
    """None where no price was agreed."""
    first = first_day_of(period)
    return place.terms.cost(parts, first) if place.terms.agreed(first) else None


# --- What is wrong or undone --------------------------------------------------------------------------------------


def _campaigns(request: HttpRequest, ids: list[int], state: str) -> str:
    """The campaign, or all of them where there are several."""
    if len(ids) == 1:
        return reverse("messaging:campaign", args=[_slug(request), ids[0]])
    return f"{reverse('messaging:campaigns', args=[_slug(request)])}?state={state}"


def _stopped(request: HttpRequest, desk: Desk) -> Matter | None:
    if not desk.stopped:
        return None
    text = ngettext(
        "%(n)d campaign stopped by itself.", "%(n)d campaigns stopped by themselves.", len(desk.stopped)
    ) % {"n": len(desk.stopped)}
    return Matter("danger", text, _campaigns(request, desk.stopped, "stopped"), _("See why"), Role.OPERATOR)


def _unknown(request: HttpRequest, desk: Desk) -> Matter | None:
    if not desk.unknown_batches:
        return None
    text = ngettext(
        "Of %(n)d batch of messages nobody knows whether it left.",
        "Of %(n)d batches of messages nobody knows whether they left.",
        len(desk.unknown_batches),
    ) % {"n": len(desk.unknown_batches)}
    url = reverse("messaging:batch", args=[_slug(request), desk.unknown_batches[0]])
    return Matter("warning", text, url, _("Look at it"), Role.OPERATOR)


def _awaiting(request: HttpRequest, desk: Desk) -> Matter | None:
    if not desk.awaiting:
        return None
    text = ngettext(
        "%(n)d campaign waits for a second person.", "%(n)d campaigns wait for a second person.", len(desk.awaiting)
    ) % {"n": len(desk.awaiting)}
    return Matter("info", text, _campaigns(request, desk.awaiting, "awaiting"), _("Confirm it"), Role.ADMIN)


def _silent(request: HttpRequest, desk: Desk) -> Matter | None:
    if not desk.silent:
        return None
    text = _("No delivery reports come over %(connection)s.") % {"connection": ", ".join(sorted(desk.silent))}
    return Matter("warning", text, reverse("messaging:campaigns", args=[_slug(request)]))


def _nearly_full(request: HttpRequest, desk: Desk) -> Matter | None:
    if desk.used_percent < 90:
        return None
    text = _("%(percent)d%% of what may be sent today is set aside.") % {"percent": desk.used_percent}
    return Matter("warning", text, reverse("messaging:campaigns", args=[_slug(request)]))
