"""Telephony on a tenant's first page: what is wrong, what it costs, how many accounts, and the step to the first one.

What it says is read with the connections (`register_along`): the page has no query to spare.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Exists, OuterRef, Q, Subquery, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.billing.contracts import today
from portal.billing.ledgers import ledger_charges
from portal.billing.lines import before
from portal.billing.peaks import Period
from portal.tenancy.roles import Role
from portal.ui.charges import Charge
from portal.ui.first_steps import Step
from portal.ui.formats import duration
from portal.ui.home import Matter
from portal.vendors.home import home_connections
from portal.vendors.models import Connection
from telephony.usage import Place, bounds_of, kept_from, seen_since

VENDOR = "apidaze"
ALONG = "of_telephony"
CARDS_SHOWN = 4
# Once read by nobody for so many readings in a row, a mirror is no picture of the vendor any more.
READINGS_MISSED = 3


def along() -> Case:
    """Of all the tenant's telephony, last month and this one, with its first connection by name, of whichever vendor: that
    one is always among those that the page reads. Nothing for a tenant without telephony.
    """
    own = Connection.objects.filter(tenant=OuterRef("tenant"))
    first = Q(pk=Subquery(own.order_by("name", "pk").values("pk")[:1]))
    return Case(When(first & Exists(own.filter(vendor=VENDOR)), then=seen_since(_since(), "tenant")))


def _since() -> Any:
    return before(today().replace(day=1))


def card(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    """How many accounts each of the first connections has; stays away from tenants without telephony."""
    places = _places(request)
    shown, more = places[:CARDS_SHOWN], len(places[CARDS_SHOWN:])
    return ("telephony/_home_card.html", {"places": shown, "more": more}) if places else None


def matters(request: HttpRequest) -> Iterator[Matter]:
    places = _places(request)
    yield from filter(None, [_differences(request, places), _stale(request, places)])


def steps(request: HttpRequest) -> list[Step]:
    """The first SIP account; nothing for tenants without telephony."""
    if not _told(request):
        return []
    return [
        Step(
            _("Create the first SIP account"),
            _("A telephone or an application signs in with a SIP account, and is called by it."),
            done=any(place.level or place.changes for place in _places(request)),
            act=_("Add a SIP account"),
            url=reverse("telephony:sip_account_new", args=[_slug(request)]),
            role=Role.OPERATOR,
        )
    ]


def charges(request: HttpRequest, period: Period) -> Iterator[Charge]:
    """Each connection that has, or had, accounts in the running month, by the calendar and the terms of its contract."""
    return ledger_charges(_places(request), bounds_of, lambda pk: _url(request, "sip_accounts", pk))


def _told(request: HttpRequest) -> Mapping[str, Any] | None:
    """What `along` read; None for a tenant without telephony."""
    told = (getattr(connection, ALONG, None) for connection in home_connections(request))
    return next(filter(None, told), None)


def _places(request: HttpRequest) -> list[Place]:
    """Made once for all of the page."""
    if not hasattr(request, "home_places"):
        told = _told(request)
        request.home_places = kept_from(_since(), told).places if told else []  # type: ignore[attr-defined]
    return request.home_places  # type: ignore[attr-defined]


def _slug(request: HttpRequest) -> str:
    return request.tenant.slug  # type: ignore[attr-defined]


def _url(request: HttpRequest, name: str, connection_pk: int) -> str:
    return f"{reverse(f'telephony:{name}', args=[_slug(request)])}?connection={connection_pk}"


# --- What is wrong or undone --------------------------------------------------------------------------------------


def _differences(request: HttpRequest, places: list[Place]) -> Matter | None:
    differing = [place for place in places if place.differences]
    if not differing:
        return None
    count = sum(place.differences for place in differing)
    text = ngettext(
        "%(n)d difference between the portal and the vendor is open.",
        "%(n)d differences between the portal and the vendor are open.",
        count,
    )
    url = _url(request, "differences", differing[0].pk)
    return Matter("warning", text % {"n": count}, url, _("Compare"), Role.OPERATOR)


def _stale(request: HttpRequest, places: list[Place]) -> Matter | None:
    """What waits for the vendor to be back is told of the connection already."""
    oldest = timezone.now() - timedelta(seconds=max(900, READINGS_MISSED * settings.SYNC_SECONDS))
    stale = [place for place in places if place.read_at and place.read_at < oldest and not place.away]
    if not stale:
        return None
    url = _url(request, "sip_accounts", stale[0].pk)
    if len(stale) > 1:
        text = _("%(n)d connections have not been read for long; what is shown of them may be out of date.")
        return Matter("warning", text % {"n": len(stale)}, url)
    text, read_at = _("%(connection)s was last read %(time)s ago; what is shown may be out of date."), stale[0].read_at
    assert read_at is not None
    return Matter("warning", text % {"connection": stale[0].name, "time": duration(timezone.now() - read_at)}, url)
