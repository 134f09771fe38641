"""Events that were stored are read, in the order in which they came, and calls follow them.

One transaction for each batch, held by a lock on the connection's realtime account, so that one worker at a time writes a
connection's calls. An event tells of calls alone: whatever it claims, it changes no money, no grant and no role.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.errors import VendorProtocolError
from realtime.board import actions, bell
from realtime.calls.changes import CallChange
from realtime.calls.following import follow
from realtime.calls.writing import update_rows
from realtime.events.facts import LegFact, facts_of, time_of
from realtime.events.models import Event
from realtime.events_wire import ParsedEvent, parse_event
from realtime.hooks import telling
from realtime.models import RealtimeAccount
from realtime.subscriptions.models import Subscription

logger = logging.getLogger(__name__)

BATCH = 200
TURN_SECONDS = 5.0
LONGEST_TYPE = 40
# What one event may do to us. Whatever else goes wrong is tried again with all of them.
FLAWS = (DataError, IntegrityError, ValueError, TypeError, LookupError, ArithmeticError)
Outcome = Event.Outcome


@dataclass
class Reading:
    """One event and how it is understood."""

    event: Event
    parsed: ParsedEvent | None
    facts: list[LegFact]


def due_connections() -> list[tuple[int, int]]:
    """(tenant, connection) of those that have events to be read; all tenants."""
    with staff_scope():
        waiting = Event.objects.filter(handled_at=None).order_by("tenant_id", "connection_id")
        return list(waiting.distinct("tenant_id", "connection_id").values_list("tenant_id", "connection_id")[:500])


def read_events(tenant_id: int, connection_id: int) -> int:
    """Read what has come over one connection, for a few seconds. Returns how many events; 0 while another worker does.

    Whether something is left is asked without the lock: what came while the last batch was read rang in vain.
    """
    ends, done = time.monotonic() + TURN_SECONDS, 0
    while time.monotonic() < ends and _waiting(tenant_id, connection_id):
        some = _batch(tenant_id, connection_id)
        if not some:
            break
        done += some
    return done


def _waiting(tenant_id: int, connection_id: int) -> bool:
    with tenant_scope(tenant_id):
        return Event.objects.filter(connection_id=connection_id, handled_at=None).exists()


def _batch(tenant_id: int, connection_id: int) -> int:
    with tenant_scope(tenant_id):
        accounts = RealtimeAccount.objects.select_for_update(skip_locked=True, of=("self",))
        account = accounts.filter(connection_id=connection_id).first()
        if account is None:
            return 0
        events = list(Event.objects.filter(connection_id=connection_id, handled_at=None).order_by("id")[:BATCH])
        if events:
            _read_all(account, events)
            _heard(account, events)
        return len(events)


def _read_all(account: RealtimeAccount, events: Sequence[Event]) -> None:
    """Together; where one of them cannot be followed, each by itself, so that it does not stand in the others' way."""
    readings = [_reading(event) for event in events]
    try:
        with transaction.atomic():
            _follow(account, readings)
    except FLAWS:
        for reading in readings:
            _follow_alone(account, reading)


def _follow_alone(account: RealtimeAccount, reading: Reading) -> None:
    try:
        with transaction.atomic():
            _follow(account, [reading])
    except FLAWS:
        logger.exception("event %s could not be followed", reading.event.pk)
        reading.parsed, reading.facts = None, []
        _write_down([reading], {})


def _reading(event: Event) -> Reading:
    try:
        parsed = parse_event(bytes(event.body))
    except VendorProtocolError:
        return Reading(event, None, [])
    return Reading(event, parsed, facts_of(parsed, event.key, event.received_at))


def _follow(account: RealtimeAccount, readings: Sequence[Reading]) -> None:
    followed = follow(account.connection, [fact for reading in readings for fact in reading.facts])
    _write_down(readings, followed.loose)
    _pass_on(account.tenant_id, followed.changes)


def _write_down(readings: Sequence[Reading], loose: dict[str, bool]) -> None:
    now = timezone.now()
    for reading in readings:
        event, parsed = reading.event, reading.parsed
        event.handled_at, event.outcome = now, _outcome(reading, loose)
        if parsed:
            event.event_type = parsed.event_type[:LONGEST_TYPE]
            event.told_at = time_of(parsed.at, event.received_at) if parsed.at else None
    rows = [reading.event for reading in readings]
    update_rows(rows, ["handled_at", "outcome", "event_type", "told_at"])
    _write_down_earlier(rows, loose)


def _write_down_earlier(rows: Sequence[Event], loose: dict[str, bool]) -> None:
    """Of a "created" read before, what came since may tell to whom it belongs, or that this cannot be told."""
    earlier = loose.keys() - {event.key for event in rows}
    for belongs, outcome in ((True, Outcome.APPLIED), (False, Outcome.NO_LEG)):
        keys = [key for key in earlier if loose[key] is belongs]
        if keys:
            of_connection = Event.objects.filter(connection_id=rows[0].connection_id, key__in=keys)
            of_connection.exclude(outcome=outcome).update(outcome=outcome)


def _outcome(reading: Reading, loose: dict[str, bool]) -> str:
    if reading.parsed is None:
        return Outcome.NOT_UNDERSTOOD
    if not reading.parsed.known:
        return Outcome.UNKNOWN_TYPE
    belongs = any(fact.call_id for fact in reading.facts) or loose.get(reading.event.key, False)
    return Outcome.APPLIED if belongs else Outcome.NO_LEG


def _pass_on(tenant_id: int, changes: Sequence[CallChange]) -> None:
    if not changes:
        return
    actions.confirm(changes)
    for change in changes:
        for happening in change.happenings:
            telling.tell(happening, change.call)
    transaction.on_commit(partial(bell.ring, tenant_id))


def _heard(account: RealtimeAccount, events: Sequence[Event]) -> None:
    """When something last came over the connection, and over each of its subscriptions."""
    last = max(event.received_at for event in events)
    RealtimeAccount.objects.filter(pk=account.pk).update(last_event_at=last)
    heard = {event.subscription_id: event.received_at for event in sorted(events, key=lambda each: each.received_at)}
    for subscription_id, at in heard.items():
        Subscription.objects.filter(pk=subscription_id).update(last_event_at=at)
