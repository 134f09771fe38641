"""The "created" without a call ID: kept by themselves, and given to the leg that alone can be meant (`pairing`)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from portal.vendors.models import Connection
from realtime.calls.folding import Told, ends_of, fold
from realtime.calls.models import Leg, LegEvent, LooseBegin
from realtime.calls.pairing import REACH, Begin, pair
from realtime.calls.writing import update_rows
from realtime.events.facts import LegFact

Place = tuple[str, datetime]


def settle_loose(
    connection: Connection, facts: Sequence[LegFact], legs: Iterable[Leg]
) -> tuple[list[Leg], dict[str, bool]]:
    """Keep those that came, and look anew who belongs to whom wherever something was told.

    Returns the legs that got or lost one, and for each of these events whether it belongs to a leg now.
    """
    known, anew = {fact.told.key: False for fact in facts}, _anew(legs)
    places = [*_keep(connection, facts), *anew]
    if not places:
        return [], known
    pairs, asked = _pairs(connection, places)
    moved = _give([begin for begin in asked if begin.leg_id != pairs.get(begin.pk)], pairs)
    return moved, known | {begin.event_key: begin.pk in pairs for begin in asked}


def _keep(connection: Connection, facts: Sequence[LegFact]) -> list[Place]:
    """One of which an end may be anybody is nobody's, and needs no row."""
    rows = [
        LooseBegin(
            tenant_id=connection.tenant_id,
            connection=connection,
            event_key=fact.told.key,
            at=fact.told.at,
            ends=ends_of(fact.told),
            told=fact.told.told,
        )
        for fact in facts
        if ends_of(fact.told)
    ]
    LooseBegin.objects.bulk_create(rows, ignore_conflicts=True)
    return [(row.ends, row.at) for row in rows]


def _anew(legs: Iterable[Leg]) -> list[Place]:
    """Where the legs stood and where they stand now, with what was just told; the latter is written."""
    rows = list(legs)
    told: dict[int, list[Told]] = {}
    for leg_id, *values in LegEvent.objects.filter(leg__in=rows).values_list(
        "leg_id", "event_key", "event_type", "at", "told"
    ):
        told.setdefault(leg_id, []).append(Told(*values))
    places, differing = [], []
    for leg in rows:
        facts = fold(told[leg.pk])
        places += [(leg.ends, leg.heard_at), (facts.ends, facts.heard_at)]
        if (leg.ends, leg.heard_at) != (facts.ends, facts.heard_at):
            leg.ends, leg.heard_at = facts.ends, facts.heard_at
            differing.append(leg)
    update_rows(differing, ["ends", "heard_at"])
    return [(ends, at) for ends, at in places if ends and at]


def _pairs(connection: Connection, places: Sequence[Place]) -> tuple[dict[int, int], list[LooseBegin]]:
    """{"created": leg}, and of which "created" that was asked. Their legs are looked at, and who else could have these."""
    ends, times = {ends for ends, _at in places}, [at for _ends, at in places]
    first, last = min(times), max(times)
    begins = LooseBegin.objects.filter(connection=connection, ends__in=ends)
    loose = list(begins.filter(at__range=(first - 3 * REACH, last + 3 * REACH)))
    if not loose:
        return {}, []
    legs = Leg.objects.filter(connection=connection, ends__in=ends)
    near = legs.filter(heard_at__range=(first - 2 * REACH, last + 2 * REACH)).values_list("pk", "ends", "heard_at")
    pairs = pair(
        [Begin(begin.pk, begin.ends, begin.at) for begin in loose], [Begin(pk, ends, at) for pk, ends, at in near if at]
    )
    return pairs, [begin for begin in loose if first - REACH <= begin.at <= last + REACH]


def _give(differing: Sequence[LooseBegin], pairs: Mapping[int, int]) -> list[Leg]:
    """Returns the legs that got or lost one."""
    touched = {begin.leg_id for begin in differing} | {pairs.get(begin.pk) for begin in differing}
    for begin in differing:
        if begin.leg_id:
            LegEvent.objects.filter(leg_id=begin.leg_id, event_key=begin.event_key).delete()
        begin.leg_id = pairs.get(begin.pk)
    update_rows(differing, ["leg"])
    LegEvent.objects.bulk_create(_row(begin, begin.leg_id) for begin in differing if begin.leg_id)
    return list(Leg.objects.filter(pk__in=[pk for pk in touched if pk])) if touched else []


def _row(begin: LooseBegin, leg_id: int) -> LegEvent:
    return LegEvent(
        tenant_id=begin.tenant_id,
        leg_id=leg_id,
        event_key=begin.event_key,
        event_type="created",
        at=begin.at,
        told=begin.told,
    )
