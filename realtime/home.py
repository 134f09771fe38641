"""Live calls on a tenant's first page: who can be called and how many calls go on, what is wrong, what it costs, how to begin.

What it says is read with the connections (`register_along`): the page has no query to spare.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, Min, OuterRef, Q, Subquery, When
from django.db.models.functions import JSONObject
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.billing.kept import last_month
from portal.billing.ledgers import ledger_charges, shown_in
from portal.billing.peaks import Period
from portal.tenancy.roles import Role
from portal.ui.charges import Charge
from portal.ui.first_steps import Step
from portal.ui.formats import duration
from portal.ui.home import Matter
from portal.vendors.home import stale, told_along, with_the_first
from realtime.calls.models import LIVE, Call
from realtime.events.models import Event
from realtime.extensions.models import Extension
from realtime.grants.models import Grant
from realtime.models import RealtimeAccount
from realtime.subscriptions.models import Subscription
from realtime.subscriptions.needs import lacking
from realtime.usage import Place, kept_from, kept_since

VENDOR = "kwebbl"
ALONG = "of_live_calls"
CARDS_SHOWN = 4
# Events are followed within a second; what waits for so long is news by itself.
LATE_AFTER = timedelta(minutes=1)


# --- What is read -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """One telephone system. `extensions` can be called now, `live` calls go on; what is since when is None where it is not.

    `company` is the company's grant, active or lost; `own_lost_at` is when the reader's own one was lost. `refused_at` is when
    the vendor last refused to tell of the company's calls, and tells of none.
    """

    pk: int
    name: str
    away: bool
    read_at: datetime | None
    last_event_at: datetime | None
    unread_since: datetime | None
    extensions: int
    live: int
    strays: int
    strays_since: datetime | None
    refused_at: datetime | None
    purposes: list[str]
    company: Grant | None
    own_lost_at: datetime | None

    @property
    def lost_at(self) -> datetime | None:
        return self.company.lost_at if self.company else None


@dataclass(frozen=True)
class Office:
    """Live calls of one tenant."""

    desks: list[Desk]
    places: list[Place]
    ever_connected: bool
    ever_called: bool

    @property
    def ever_read(self) -> bool:
        return any(desk.read_at for desk in self.desks)


def along() -> Case:
    of_tenant = {"tenant": OuterRef("tenant")}
    told = JSONObject(
        kept=kept_since(last_month(), "tenant"),
        desks=_desks(),
        ever_connected=Exists(Grant.objects.filter(**of_tenant)),
        ever_called=Exists(Call.objects.filter(**of_tenant)),
    )
    return with_the_first(VENDOR, told)


def _desks() -> ArraySubquery:
    of_this = {"connection": OuterRef("connection")}
    strays = Subscription.objects.filter(**of_this, state=Subscription.State.STRAY)
    grants = Grant.objects.filter(**of_this).exclude(state=Grant.State.ENDED)
    accounts = RealtimeAccount.objects.filter(tenant=OuterRef("tenant")).annotate(
        extensions=_one(Extension.objects.filter(**of_this, gone_at=None), Count("pk")),
        live=_one(Call.objects.filter(tenant=OuterRef("tenant"), **of_this, state__in=LIVE), Count("pk")),
        unread_since=_one(Event.objects.filter(**of_this, handled_at=None), Min("received_at")),
        strays=_one(strays, JSONObject(number=Count("pk"), since=Min("created_at"))),
        refused_at=_refused_at(Subscription.objects.filter(**of_this, grant__user=None, callback_url="")),
        held=ArraySubquery(
            grants.values(row=JSONObject(user="user_id", state="state", scopes="scopes", lost_at="lost_at"))
        ),
    )
    told = JSONObject(
        pk="connection_id",
        name="connection__name",
        away=Q(connection__enabled=False) | Q(connection__health__trouble__gt=""),
        read_at="read_at",
        last_event_at="last_event_at",
        unread_since="unread_since",
        extensions="extensions",
        live="live",
        strays="strays",
        refused_at="refused_at",
        purposes="purposes",
        held="held",
    )
    return ArraySubquery(accounts.order_by("connection__name", "connection_id").values(row=told))


def _one(rows: Any, number: Any) -> Subquery:
    """An aggregate over the rows of one connection; none where there are no rows."""
    return Subquery(rows.order_by().values("connection").annotate(found=number).values("found"))


def _refused_at(subscriptions: Any) -> Case:
    refused = subscriptions.filter(state=Subscription.State.FAILED).order_by("-ended_at")
    told = Exists(subscriptions.filter(state=Subscription.State.ACTIVE))
    return Case(When(~told, then=Subquery(refused.values("ended_at")[:1])))


def office_of(request: HttpRequest) -> Office | None:
    """None for a tenant without live calls. Made once for all of the page."""
    if not hasattr(request, "live_office"):
        told = told_along(request, ALONG)
        request.live_office = _office(told, request.user.pk) if told else None  # type: ignore[attr-defined]
    return request.live_office  # type: ignore[attr-defined]


def _office(told: Mapping[str, Any], user_id: int | None) -> Office:
    return Office(
        desks=[_desk(row, user_id) for row in told["desks"]],
        places=kept_from(last_month(), told["kept"]).places,
        ever_connected=told["ever_connected"],
        ever_called=told["ever_called"],
    )


def _desk(row: Mapping[str, Any], user_id: int | None) -> Desk:
    strays, held = row["strays"] or {}, {each["user"]: each for each in row["held"]}
    company, own = held.get(None), held.get(user_id) if user_id else None
    return Desk(
        pk=row["pk"],
        name=row["name"],
        away=bool(row["away"]),
        read_at=_at(row["read_at"]),
        last_event_at=_at(row["last_event_at"]),
        unread_since=_at(row["unread_since"]),
        extensions=row["extensions"] or 0,
        live=row["live"] or 0,
        strays=strays.get("number", 0),
        strays_since=_at(strays.get("since")),
        refused_at=_at(row["refused_at"]),
        purposes=row["purposes"],
        company=_grant(company) if company else None,
        own_lost_at=_at(own["lost_at"]) if own else None,
    )


def _grant(told: Mapping[str, Any]) -> Grant:
    return Grant(state=told["state"], scopes=told["scopes"], lost_at=_at(told["lost_at"]))


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- What is shown ----------------------------------------------------------------------------------------------------


def card(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    """How many can be called, and how many calls go on; stays away from tenants without live calls."""
    office = office_of(request)
    if office is None:
        return None
    shown, more = office.desks[:CARDS_SHOWN], len(office.desks[CARDS_SHOWN:])
    return "realtime/_home_card.html", {"desks": shown, "more": more}


def matters(request: HttpRequest) -> Iterator[Matter]:
    office = office_of(request)
    for desk in office.desks if office else []:
        found = (_lost, _own_lost, _unconnected, _refused, _lacking, _late, _stale, _strays)
        yield from filter(None, [look(request, desk) for look in found])


def steps(request: HttpRequest) -> list[Step]:
    """From the consent to the first call on the board; nothing for tenants without live calls."""
    office = office_of(request)
    if office is None:
        return []
    return [
        Step(
            _("Connect live calls"),
            _("An admin of the telephone system allows the portal on the vendor's own page what it needs."),
            done=office.ever_connected,
            act=_("Connect"),
            url=_url(request, "connect"),
            role=Role.ADMIN,
        ),
        Step(
            _("Read the directory"),
            _("Everybody and every dialplan of the telephone system."),
            done=office.ever_read,
            act=_("Go to the directory"),
            url=_url(request, "directory"),
        ),
        Step(
            _("See the first call on the live board"),
            _("As soon as a telephone rings, it shows who calls whom."),
            done=office.ever_called,
            act=_("Go to the live board"),
            url=_url(request, "board"),
        ),
    ]


def charges(request: HttpRequest, period: Period) -> Iterator[Charge]:
    """Each telephone system that has, or had, users in the running month, by the calendar and the terms of its contract."""
    office = office_of(request)
    places = office.places if office else []
    return ledger_charges(places, shown_in, lambda pk: _url(request, "directory", pk))


def _url(request: HttpRequest, name: str, connection_pk: int | None = None) -> str:
    address = reverse(f"realtime:{name}", args=[request.tenant.slug])  # type: ignore[attr-defined]
    return f"{address}?connection={connection_pk}" if connection_pk else address


# --- What is wrong or undone --------------------------------------------------------------------------------------


def _lost(request: HttpRequest, desk: Desk) -> Matter | None:
    if desk.lost_at is None:
        return None
    text = _("The permission at %(connection)s was lost %(time)s ago: calls are neither shown nor steered.")
    url = _url(request, "connect", desk.pk)
    return Matter("danger", text % _since_when(desk, desk.lost_at), url, _("Connect again"), Role.ADMIN)


def _own_lost(request: HttpRequest, desk: Desk) -> Matter | None:
    if desk.own_lost_at is None:
        return None
    text = _("Your own permission at %(connection)s was lost %(time)s ago.")
    return Matter(
        "warning", text % _since_when(desk, desk.own_lost_at), _url(request, "connect", desk.pk), _("Connect again")
    )


def _unconnected(request: HttpRequest, desk: Desk) -> Matter | None:
    """Whoever was never connected has it among the first steps."""
    if desk.company is not None or desk.read_at is None:
        return None
    text = _("%(connection)s has no permission any more: the directory was last read %(time)s ago.")
    return Matter(
        "warning", text % _since_when(desk, desk.read_at), _url(request, "connect", desk.pk), _("Connect"), Role.ADMIN
    )


def _refused(request: HttpRequest, desk: Desk) -> Matter | None:
    if desk.refused_at is None or desk.company is None or desk.lost_at:
        return None
    text = _("The vendor refused %(time)s ago to tell of calls (%(connection)s): the live board stands still.")
    url = _url(request, "subscriptions", desk.pk)
    return Matter("danger", text % _since_when(desk, desk.refused_at), url, _("See the subscriptions"), Role.ADMIN)


def _lacking(request: HttpRequest, desk: Desk) -> Matter | None:
    if desk.company is None or desk.lost_at or not lacking(RealtimeAccount(purposes=desk.purposes), desk.company):
        return None
    text = _("%(connection)s tells less of calls than you want: a permission is missing.") % {"connection": desk.name}
    return Matter("warning", text, _url(request, "connect", desk.pk), _("Ask for it"), Role.ADMIN)


def _late(request: HttpRequest, desk: Desk) -> Matter | None:
    if desk.unread_since is None or desk.unread_since > timezone.now() - LATE_AFTER:
        return None
    text = _("The live board is late by %(time)s (%(connection)s).") % _since_when(desk, desk.unread_since)
    return Matter("warning", text, _url(request, "board"))


def _stale(request: HttpRequest, desk: Desk) -> Matter | None:
    """What waits for the vendor to be back, or for somebody to connect, is told as such already."""
    if desk.away or desk.company is None or desk.lost_at or "company.users" not in desk.company.scopes:
        return None
    return stale([(desk.pk, desk.name, desk.read_at)], lambda pk: _url(request, "directory", pk))


def _strays(request: HttpRequest, desk: Desk) -> Matter | None:
    if desk.strays_since is None:
        return None
    text = ngettext(
        "Over %(connection)s somebody else is told of calls, for %(time)s now: %(n)d subscription is not ours.",
        "Over %(connection)s somebody else is told of calls, for %(time)s now: %(n)d subscriptions are not ours.",
        desk.strays,
    )
    told = {**_since_when(desk, desk.strays_since), "n": desk.strays}
    return Matter("warning", text % told, _url(request, "subscriptions", desk.pk), _("Look at it"), Role.ADMIN)


def _since_when(desk: Desk, moment: datetime) -> dict[str, str]:
    return {"connection": desk.name, "time": duration(timezone.now() - moment)}
