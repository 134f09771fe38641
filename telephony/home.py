"""Telephony on a tenant's first page: what is wrong, what it costs, how many accounts, and the step to the first one.

What it says is read with the connections (`register_along`): the page has no query to spare.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Case
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.billing.kept import last_month
from portal.billing.ledgers import ledger_charges
from portal.billing.peaks import Period
from portal.tenancy.roles import Role
from portal.ui.charges import Charge
from portal.ui.first_steps import Step
from portal.ui.home import Matter
from portal.vendors.home import differing, stale, told_along, with_the_first
from telephony.usage import Place, bounds_of, kept_from, seen_since

VENDOR = "apidaze"
ALONG = "of_telephony"
CARDS_SHOWN = 4


def along() -> Case:
    """Of all the tenant's telephony, last month and this one."""
    return with_the_first(VENDOR, seen_since(last_month(), "tenant"))


def card(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    """How many accounts each of the first connections has; stays away from tenants without telephony."""
    places = _places(request)
    shown, more = places[:CARDS_SHOWN], len(places[CARDS_SHOWN:])
    return ("telephony/_home_card.html", {"places": shown, "more": more}) if places else None


def matters(request: HttpRequest) -> Iterator[Matter]:
    places = _places(request)
    differences = {place.pk: place.differences for place in places}
    # What waits for the vendor to be back is told of the connection already.
    mirrors = [(place.pk, place.name, place.read_at) for place in places if not place.away]
    found = (
        differing(differences, lambda pk: _url(request, "differences", pk)),
        stale(mirrors, lambda pk: _url(request, "sip_accounts", pk)),
    )
    yield from filter(None, found)


def steps(request: HttpRequest) -> list[Step]:
    """The first SIP account; nothing for tenants without telephony."""
    if not told_along(request, ALONG):
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


def _places(request: HttpRequest) -> list[Place]:
    """Made once for all of the page."""
    if not hasattr(request, "home_places"):
        told = told_along(request, ALONG)
        request.home_places = kept_from(last_month(), told).places if told else []  # type: ignore[attr-defined]
    return request.home_places  # type: ignore[attr-defined]


def _slug(request: HttpRequest) -> str:
    return request.tenant.slug  # type: ignore[attr-defined]


def _url(request: HttpRequest, name: str, connection_pk: int) -> str:
    return f"{reverse(f'telephony:{name}', args=[_slug(request)])}?connection={connection_pk}"
