"""The calls that were and are: the list, and one of them with its legs and its events as they came; and all events."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_list_or_404, get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION
from realtime.calls.lists import CALLS, EVENTS, seconds_between
from realtime.calls.models import Call, Leg, LegEvent, known_as
from realtime.events.models import Event
from realtime.loose_json import read_json

# A call with more is shown by its first ones; the page says so.
MOST_EVENTS = 300


@dataclass(frozen=True)
class Shown:
    """One event of a call: which legs it told of, and how it came, "" where that is not kept any more."""

    row: LegEvent
    legs: list[str]
    outcome: str
    body: str


@tenant_view(Role.VIEWER)
@require_safe
def calls(request: TenantRequest) -> HttpResponse:
    return render(request, "realtime/calls.html", list_page(request, CALLS))


@tenant_view(Role.VIEWER)
@require_safe
def call(request: TenantRequest, pk: int) -> HttpResponse:
    rows = Leg.objects.filter(call__in=Call.objects.filter(known_as(pk)))
    rows = rows.select_related("from_extension", "via_extension", "to_extension")
    rows = rows.select_related("call__from_extension", "call__to_extension", "call__connection")
    rows = rows.defer(*(f"call__{name}" for name in SEALED_OF_CONNECTION))
    legs = get_list_or_404(rows.order_by("began_at", "pk"))
    found = legs[0].call
    if found.pk != pk:
        return redirect("realtime:call", request.tenant.slug, found.pk)
    events = _events(found, legs)
    context = {
        "call": found,
        "legs": legs,
        "events": events[:MOST_EVENTS],
        "more": len(events) > MOST_EVENTS,
        "waited": seconds_between(found.began_at, found.answered_at or found.ended_at),
        "talked": seconds_between(found.answered_at, found.ended_at),
    }
    return render(request, "realtime/call.html", context)


@tenant_view(Role.OPERATOR)
@require_safe
def events(request: TenantRequest) -> HttpResponse:
    return render(request, "realtime/events.html", list_page(request, EVENTS))


@tenant_view(Role.OPERATOR)
@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Event.objects.select_related("connection").defer(*SEALED_OF_CONNECTION)
    found = get_object_or_404(rows, pk=pk)
    of_legs = LegEvent.objects.filter(event_key=found.key, leg__connection_id=found.connection_id)
    calls = Call.objects.filter(legs__events__in=of_legs).distinct().order_by("pk")
    context = {"event": found, "body": _written(found), "calls": list(calls[:MOST_EVENTS])}
    return render(request, "realtime/event.html", context)


def _events(call: Call, legs: list[Leg]) -> list[Shown]:
    """In the order of the vendor's times; one that told of several legs once."""
    names = {leg.pk: leg.vendor_id for leg in legs}
    told = LegEvent.objects.filter(leg__in=legs).order_by("at", "pk")[: 2 * MOST_EVENTS]
    first: dict[str, tuple[LegEvent, list[str]]] = {}
    for row in told:
        first.setdefault(row.event_key, (row, []))[1].append(names[row.leg_id])
    kept = _kept(call, first)
    return [
        Shown(row, of_legs, kept[key].outcome if key in kept else "", _written(kept.get(key)))
        for key, (row, of_legs) in first.items()
    ]


def _kept(call: Call, keys: Mapping[str, object]) -> dict[str, Event]:
    rows = Event.objects.filter(connection_id=call.connection_id, key__in=list(keys))
    return {event.key: event for event in rows}


def _written(event: Event | None) -> str:
    """Indented where it is JSON."""
    if event is None:
        return ""
    body = bytes(event.body)
    try:
        return json.dumps(read_json(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode(errors="replace")
