"""Calls and legs follow what events told: the only writer of both.

Whoever calls this holds the connection (`realtime.events.reading`), so that one worker at a time writes its calls. Each leg is
made anew from all that was ever told of it, each call from its legs; only rows that differ are written.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.vendors.models import Connection
from realtime.calls.changes import Before, CallChange
from realtime.calls.folding import CallFacts, LegFacts, Told, fold, fold_call
from realtime.calls.loose import settle_loose
from realtime.calls.models import LIVE, Call, Leg, LegEvent, LegState
from realtime.calls.parties import Directory, Party
from realtime.calls.writing import update_rows
from realtime.events.facts import LegFact

LEG_FIELDS = [
    "state", "direction", "from_number", "from_extension_id", "from_caller_id", "via_number", "via_extension_id", "to_number",
    "to_extension_id", "began_at", "ringing_at", "answered_at", "held_at", "recording_at", "recorded", "transferred",
    "ended_at", "reason", "ends", "heard_at",
]  # fmt: skip
CALL_FIELDS = [
    "state", "direction", "from_number", "from_extension_id", "to_number", "to_extension_id", "began_at", "answered_at",
    "ended_at", "reason", "recorded", "transferred", "last_event_at", "unsure_at",
]  # fmt: skip


@dataclass
class Followed:
    """What changed, and which "created" without a call ID belong to a call now (True) or to none (False), by event key."""

    changes: list[CallChange] = field(default_factory=list)
    loose: dict[str, bool] = field(default_factory=dict)


@dataclass
class _Joined:
    """The legs that events told of, all in their calls, and the calls that were known before by the call that is left."""

    legs: dict[str, Leg]
    before: dict[int, list[Call]]
    gone: list[Call]


def follow(connection: Connection, facts: Sequence[LegFact]) -> Followed:
    """Within one transaction, which holds the connection."""
    of_legs = [fact for fact in facts if fact.call_id]
    joined = _join(connection, of_legs)
    new = _keep(joined.legs, of_legs)
    moved, loose = settle_loose(connection, [fact for fact in facts if not fact.call_id], joined.legs.values())
    call_ids = {leg.call_id for leg in joined.legs.values()} | {leg.call_id for leg in moved}
    changes = _fold(connection, call_ids, new, joined.before)
    _drop(joined.gone)
    return Followed(changes, loose)


# --- Which legs are one call --------------------------------------------------------------------------------------------


def _join(connection: Connection, facts: Sequence[LegFact]) -> _Joined:
    """Legs that were not known are made; those that were bridged get one call, of which the lowest stays."""
    first: dict[str, Told] = {}
    for fact in facts:
        first.setdefault(fact.call_id, fact.told)
    rows = Leg.objects.filter(connection=connection, vendor_id__in=first).select_related("call")
    legs = {leg.vendor_id: leg for leg in rows}
    groups = _groups(list(first), facts)
    fresh = iter(_new_calls(connection, [first[group[0]] for group in groups if not legs.keys() & set(group)]))
    found, new = _Joined(legs, {}, []), []
    for group in groups:
        calls = sorted({legs[each].call for each in group if each in legs}, key=lambda call: call.pk)
        call = calls[0] if calls else next(fresh)
        found.before[call.pk] = calls
        found.gone += calls[1:]
        _move_legs(calls[1:], call, legs)
        new += [_new_leg(call, each, first[each]) for each in group if each not in legs]
    legs |= {leg.vendor_id: leg for leg in Leg.objects.bulk_create(new)}
    return found


def _groups(call_ids: Sequence[str], facts: Sequence[LegFact]) -> list[list[str]]:
    """The call IDs of the facts, those that they join together."""
    root = {call_id: call_id for call_id in call_ids}

    def root_of(each: str) -> str:
        while root[each] != each:
            each = root[each]
        return each

    for fact in facts:
        for other in fact.others:
            root[root_of(other)] = root_of(fact.call_id)
    groups: dict[str, list[str]] = defaultdict(list)
    for each in call_ids:
        groups[root_of(each)].append(each)
    return list(groups.values())


def _new_calls(connection: Connection, first: Sequence[Told]) -> list[Call]:
    own: dict[str, Any] = {"tenant_id": connection.tenant_id, "connection": connection, "version": 0}
    return Call.objects.bulk_create(Call(**own, began_at=told.at, last_event_at=told.at) for told in first)


def _new_leg(call: Call, vendor_id: str, first: Told) -> Leg:
    own: dict[str, Any] = {"tenant_id": call.tenant_id, "connection_id": call.connection_id}
    return Leg(**own, call=call, vendor_id=vendor_id, began_at=first.at)


def _move_legs(gone: Sequence[Call], call: Call, known: Mapping[str, Leg]) -> None:
    if not gone:
        return
    # Whoever asks something of one of them just now is waited for, or finds it gone.
    list(Call.objects.select_for_update().filter(pk__in=[each.pk for each in gone]).order_by("pk"))
    Leg.objects.filter(call__in=gone).update(call=call, was_of=Coalesce("was_of", "call_id"))
    for leg in known.values():
        if leg.call in gone:
            leg.call = call
    # Whatever else points at a call points at the one that is left.
    for relation in Call._meta.related_objects:
        rows: Any = relation.related_model
        rows.objects.filter(**{f"{relation.field.name}__in": gone}).update(**{relation.field.name: call})


def _drop(gone: Sequence[Call]) -> None:
    if gone:
        Call.objects.filter(pk__in=[call.pk for call in gone]).delete()


# --- What was told ------------------------------------------------------------------------------------------------------


def _keep(legs: Mapping[str, Leg], facts: Sequence[LegFact]) -> list[LegEvent]:
    """The rows that are new; an event that is known of its leg is kept once."""
    known = set(LegEvent.objects.filter(leg__in=legs.values()).values_list("leg_id", "event_key")) if legs else set()
    new: dict[tuple[int, str], LegEvent] = {}
    for fact in facts:
        leg, told = legs[fact.call_id], fact.told
        if (leg.pk, told.key) not in known:
            new.setdefault((leg.pk, told.key), _row(leg, told))
    return LegEvent.objects.bulk_create(new.values())


def _row(leg: Leg, told: Told) -> LegEvent:
    return LegEvent(
        tenant_id=leg.tenant_id, leg=leg, event_key=told.key, event_type=told.event_type, at=told.at, told=told.told
    )


# --- What it comes to ---------------------------------------------------------------------------------------------------


def _fold(
    connection: Connection, call_ids: Iterable[int], new: Sequence[LegEvent], before: Mapping[int, list[Call]]
) -> list[CallChange]:
    calls = {call.pk: call for call in Call.objects.filter(pk__in=call_ids).order_by("pk")}
    legs = list(Leg.objects.filter(call__in=calls).order_by("call_id", "pk"))
    facts = told_of(legs)
    directory = Directory(connection.pk, _parties(facts.values()))
    now, changes, differing_legs, differing_calls = timezone.now(), [], [], []
    for call_id, group in groupby(legs, key=lambda leg: leg.call_id):
        call, own = calls[call_id], list(group)
        known = before.get(call_id, [call])
        was = Before.of(known)
        of_call = fold_call({leg.vendor_id: facts[leg.pk] for leg in own})
        values = call_values(of_call, directory, now)
        unsure = values["state"] == LegState.UNSURE
        some = [leg for leg in own if _set(leg, leg_values(facts[leg.pk], directory, unsure=unsure))]
        differing_legs += some
        if _set(call, values) or some or len(known) != 1:
            call.version += 1
            differing_calls.append(call)
            mine = {leg.pk for leg in own}
            changes.append(CallChange(call, own, [row for row in new if row.leg_id in mine], was))
    update_rows(differing_legs, LEG_FIELDS)
    update_rows(differing_calls, [*CALL_FIELDS, "version"])
    return changes


def told_of(legs: Sequence[Leg]) -> dict[int, LegFacts]:
    """What the events of each leg come to, by its key. A leg of which nothing is told is in none."""
    told: dict[int, list[Told]] = defaultdict(list)
    rows = LegEvent.objects.filter(leg__in=legs).values_list("leg_id", "event_key", "event_type", "at", "told")
    for leg_id, key, event_type, at, what in rows:
        told[leg_id].append(Told(key, event_type, at, what))
    return {leg_id: fold(events) for leg_id, events in told.items()}


def _parties(facts: Iterable[LegFacts]) -> list[Party]:
    return [party for leg in facts for party in (leg.from_, leg.via, leg.to) if party]


def patience(state: LegState) -> timedelta | None:
    """How long a call in this state may go on without news before nobody says any more that it does."""
    return {
        LegState.CREATED: settings.LIVE_RINGING_PATIENCE,
        LegState.RINGING: settings.LIVE_RINGING_PATIENCE,
        LegState.TALKING: settings.LIVE_TALKING_PATIENCE,
        LegState.ON_HOLD: settings.LIVE_HOLD_PATIENCE,
    }.get(state)


def call_values(facts: CallFacts, directory: Directory, now: datetime) -> dict[str, Any]:
    waits = patience(facts.state)
    unsure_at = facts.last_at + waits if waits else None
    lost = unsure_at is not None and unsure_at <= now
    return {
        "state": LegState.UNSURE if lost else facts.state,
        "direction": facts.direction,
        **_side("from", facts.from_, directory),
        **_side("to", facts.to, directory),
        "began_at": facts.began_at,
        "answered_at": facts.answered_at,
        "ended_at": facts.ended_at,
        "reason": facts.reason,
        "recorded": facts.recorded,
        "transferred": facts.transferred,
        "last_event_at": facts.last_at,
        "unsure_at": None if lost else unsure_at,
    }


def leg_values(facts: LegFacts, directory: Directory, *, unsure: bool) -> dict[str, Any]:
    """`unsure`: nobody says any more that the call goes on."""
    return {
        "state": LegState.UNSURE if unsure and facts.state in LIVE else facts.state,
        "direction": facts.direction,
        **_side("from", facts.from_, directory),
        "from_caller_id": facts.from_.caller_id,
        **_side("via", facts.via, directory),
        **_side("to", facts.to, directory),
        "began_at": facts.began_at,
        "ringing_at": facts.ringing_at,
        "answered_at": facts.answered_at,
        "held_at": facts.held_at,
        "recording_at": facts.recording_at,
        "recorded": facts.recorded,
        "transferred": facts.transferred,
        "ended_at": facts.ended_at,
        "reason": facts.reason,
        "ends": facts.ends,
        "heard_at": facts.heard_at,
    }


def _side(name: str, party: Party, directory: Directory) -> dict[str, Any]:
    """The number as told, else that of the extension; a caller ID alone may be anonymous, and is no number."""
    extension = directory.extension_of(party)
    number = party.number or (extension.number if extension else "")
    return {f"{name}_number": number[:40], f"{name}_extension_id": extension.pk if extension else None}


def _set(row: Any, values: Mapping[str, Any]) -> bool:
    """Does anything differ?"""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)
