"""A call whose end was lost is not shown as live for ever, and comes back when it shows life."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from realtime.board import bell
from realtime.calls.models import Call, Leg
from realtime.calls.presence import WONDER, states_of
from realtime.calls.unsure import mark_lost_calls
from tests.realtime.telling import BOB, NOW, calls, event, legs, make_extension, make_telephones, told

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = 60
BEGINNINGS = [
    ([event("created", "leg-1", -4 * MINUTE)], "LIVE_RINGING_PATIENCE"),
    ([event("ringing", "leg-1", -4 * MINUTE)], "LIVE_RINGING_PATIENCE"),
    ([event("answered", "leg-1", -241 * MINUTE)], "LIVE_TALKING_PATIENCE"),
    ([event("answered", "leg-1", -70 * MINUTE), event("holding", "leg-1", -61 * MINUTE)], "LIVE_HOLD_PATIENCE"),
]


@pytest.fixture
def telephones(cast):
    return make_telephones(cast.acme)


def state(connection) -> tuple:
    (call,) = calls(connection)
    return call.state, legs(connection)["leg-1"].state


@pytest.mark.parametrize(("events", "patience"), BEGINNINGS)
def test_after_its_patience_a_call_is_unsure_and_not_before(telephones, settings, events, patience):
    setattr(settings, patience, timedelta(days=1))
    told(telephones, *events)
    assert mark_lost_calls() == 0
    assert "unsure" not in state(telephones)
    unsettle(telephones)
    assert mark_lost_calls() == 1
    assert state(telephones) == ("unsure", "unsure")
    assert mark_lost_calls() == 0


@pytest.mark.parametrize(("events", "_patience"), BEGINNINGS)
def test_what_is_heard_of_long_afterwards_never_was_live(telephones, events, _patience):
    told(telephones, *events)
    assert state(telephones) == ("unsure", "unsure")


def test_an_event_that_shows_life_takes_it_back(telephones):
    told(telephones, event("ringing", "leg-1", -10 * MINUTE))
    told(telephones, event("answered", "leg-1", -MINUTE))
    assert state(telephones) == ("talking", "talking")
    told(telephones, event("terminated", "leg-1"))
    assert state(telephones) == ("ended", "ended")


def test_an_old_event_that_comes_late_shows_no_life(telephones):
    told(telephones, event("ringing", "leg-1", -10 * MINUTE))
    told(telephones, event("created", "leg-1", -11 * MINUTE))
    assert state(telephones) == ("unsure", "unsure")


def test_a_call_that_ended_stays_ended(telephones):
    told(telephones, event("terminated", "leg-1", -3000 * MINUTE))
    assert mark_lost_calls() == 0
    assert state(telephones) == ("ended", "ended")


def test_the_boards_are_told(telephones, settings, monkeypatch):
    settings.LIVE_RINGING_PATIENCE = timedelta(days=1)
    rung = []
    told(telephones, event("ringing", "leg-1"))
    unsettle(telephones)
    monkeypatch.setattr(bell, "ring", rung.append)
    mark_lost_calls()
    assert rung == [telephones.tenant_id]


def test_whose_call_is_unsure_is_unsure(telephones):
    bob = make_extension(telephones, "Bob", "030", BOB)
    told(telephones, event("answered", "leg-1", to={"extension_id": BOB}))
    unsettle(telephones)
    mark_lost_calls()
    with tenant_scope(telephones.tenant_id):
        assert states_of()[bob.pk].state == "unsure"


def test_who_is_unsure_is_so_since_something_was_heard_last_and_not_for_ever(telephones):
    bob = make_extension(telephones, "Bob", "030", BOB)
    to = {"to": {"extension_id": BOB}}
    told(telephones, event("answered", "leg-1", -300 * MINUTE, **to), event("holding", "leg-1", -290 * MINUTE, **to))
    with tenant_scope(telephones.tenant_id):
        found = states_of()[bob.pk]
        assert (found.state, found.since) == ("unsure", NOW - timedelta(minutes=290))
        Leg.objects.update(began_at=timezone.now() - WONDER + timedelta(minutes=1))
        assert states_of()[bob.pk].state == "unsure"
        Leg.objects.update(began_at=timezone.now() - WONDER)
        assert states_of()[bob.pk].state == "free"


def unsettle(connection) -> None:
    """Its patience is over now."""
    with tenant_scope(connection.tenant_id):
        Call.objects.update(unsure_at=Now())
