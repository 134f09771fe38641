"""Events are read once, in every spelling; what cannot be read is kept; and nothing but calls follows them."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from portal.tenancy.models import Membership
from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.board import actions, bell
from realtime.calls.models import LegEvent
from realtime.events import purging
from realtime.events.facts import time_of
from realtime.events.models import Event
from realtime.events.reading import due_connections, read_events
from realtime.grants.models import Grant
from realtime.hooks import telling
from realtime.models import RealtimeAccount
from realtime.subscriptions.models import Subscription
from tests.realtime.telling import (
    ANNA,
    BOB,
    NOW,
    bridged,
    calls,
    event,
    legs,
    make_address,
    make_telephones,
    outcomes,
    post,
    put,
    told,
)

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = {
    "created": ["created", "Created", "CREATED"],
    "ringing": ["ringing"],
    "answered": ["answered"],
    "bridged": ["bridged"],
    "holding": ["holding"],
    "resume": ["resume", "resumed", "Resumed"],
    "start_recording": ["start_recording", "start-recording", "Start Recording"],
    "stop_recording": ["stop_recording", "stop-recording"],
    "transferred": ["transferred"],
    "terminated": ["terminated"],
}


@pytest.fixture
def telephones(cast):
    return make_telephones(cast.acme)


@pytest.mark.parametrize(("known_as", "word"), [(name, word) for name, words in WORDS.items() for word in words])
def test_every_type_is_read_in_every_spelling(telephones, known_as, word):
    told(telephones, event(word, "leg-1", id="e-1"))
    with tenant_scope(telephones.tenant_id):
        kept, of_leg = Event.objects.get(), LegEvent.objects.get()
    assert (kept.event_type, kept.outcome, kept.told_at, kept.key) == (known_as, "applied", NOW, f"e-1/{known_as}")
    assert (of_leg.event_type, of_leg.event_key, of_leg.at) == (known_as, kept.key, NOW)


def test_the_documents_own_slips_do_not_matter(telephones):
    """The document's "bridged" and "terminated" lack a comma."""
    body = json.dumps(event("terminated", "leg-1", reason="hangup")).replace('"hangup",', '"hangup"')
    told(telephones, body.replace('"inbound", "time"', '"inbound" "time"').encode())
    assert [call.state for call in calls(telephones)] == ["ended"]


def test_an_unknown_type_is_kept_with_its_leg(telephones):
    told(telephones, event("ringing", "leg-1"), event("Parked-Somewhere", "leg-1", 1))
    assert [call.state for call in calls(telephones)] == ["ringing"]
    assert "unknown_type" in outcomes(telephones).values()
    with tenant_scope(telephones.tenant_id):
        assert list(legs(telephones)["leg-1"].events.order_by("at").values_list("event_type", flat=True)) == [
            "ringing", "parked_somewhere",
        ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"event_type": ""}', b'{"event_type": {"a": 1}}', b"\xff\x00"])
def test_what_is_not_understood_is_kept_and_stands_in_nobodys_way(telephones, body):
    told(telephones, body, event("ringing", "leg-1"))
    assert sorted(outcomes(telephones).values()) == ["applied", "not_understood"]
    assert len(calls(telephones)) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"call_id": None},
        {"call_id": {"a": 1}},
        {"call_id": "x" * 400},
        {"call_id": "a\u0000b"},
        {"from": None, "to": "someone", "direction": 7},
        {"from": {"number": "9" * 300}, "to": {"extension_id": ["a"], "caller_id": "\u0000"}},
        {"direction": "sideways and further", "reason": "r" * 400},
        {"time": "yesterday"},
        {"time": None},
        {"calls": [1, None, {"call_id": []}]},
        {"before": [], "after": "x", "initiator": 3, "transfer_type": "t" * 90},
    ],
)
@pytest.mark.parametrize("event_type", ["ringing", "bridged", "transferred", "created", "parked" * 20])
def test_nonsense_in_any_field_stops_nothing(telephones, event_type, more):
    told(telephones, json.dumps(event(event_type, "leg-1") | more).encode(), event("ringing", "leg-2"))
    with tenant_scope(telephones.tenant_id):
        assert not Event.objects.filter(handled_at=None).exists()
    assert "leg-2" in legs(telephones)


def test_one_event_that_breaks_something_is_set_aside_and_the_others_are_followed(telephones, monkeypatch):
    from realtime.calls import following

    plain = following.fold

    def fold(events):
        events = list(events)
        if any("poison" in told.key for told in events):
            raise ValueError("nobody thought of this")
        return plain(events)

    monkeypatch.setattr(following, "fold", fold)
    told(telephones, event("ringing", "leg-1"), event("ringing", "leg-2", id="poison"), event("ringing", "leg-3"))
    assert sorted(legs(telephones)) == ["leg-1", "leg-3"]
    assert sorted(outcomes(telephones).values()) == ["applied", "applied", "not_understood"]


def test_a_time_that_cannot_be_true_is_ours():
    now = timezone.now()
    for wrong in (None, now + timedelta(hours=2), now - timedelta(days=30)):
        assert time_of(wrong, now) == now
    assert time_of(now - timedelta(hours=1), now) == now - timedelta(hours=1)


def test_an_event_changes_nothing_but_calls(telephones, cast):
    """Whatever it claims. Every other table is the same before and after."""
    claims = {"role": "owner", "tenant": "globex", "tenant_id": cast.globex.pk, "price": -5, "scope": "calls.events"}
    with tenant_scope(cast.acme.pk):
        Grant.objects.create(
            tenant=cast.acme, connection=telephones, scopes=["calls.events"], access_token="a", refresh_token="b",
            granted_by=cast.alice,
        )  # fmt: skip
    before = rows_elsewhere()
    told(telephones, *(event(word, "leg-1", **claims) for word in WORDS), bridged(3, {"call_id": "leg-2", **claims}))
    assert len(legs(telephones)) == 2
    assert rows_elsewhere() == before
    with staff_scope():
        assert Membership.objects.get(user=cast.bob).role == "operator"


FOLLOWS = {"realtime_event", "realtime_call", "realtime_leg", "realtime_legevent", "realtime_loosebegin"}


def rows_elsewhere() -> dict[str, list]:
    with staff_scope():
        return {
            model._meta.db_table: sorted(map(str, model.objects.values_list(*_fields(model))))
            for model in apps.get_models()
            if model._meta.db_table not in FOLLOWS and model._meta.managed
        }


def _fields(model) -> list[str]:
    """All but when something last came."""
    return [field.attname for field in model._meta.concrete_fields if field.name != "last_event_at"]


def test_the_connection_and_the_subscription_know_when_something_came(telephones):
    subscription, path = make_address(telephones)
    assert post(path, json.dumps(event("ringing", "leg-1")).encode()) == 200
    assert due_connections() == [(telephones.tenant_id, telephones.pk)]
    read_events(telephones.tenant_id, telephones.pk)
    with tenant_scope(telephones.tenant_id):
        received = Event.objects.get().received_at
        assert RealtimeAccount.objects.get().last_event_at == received
        assert Subscription.objects.get(pk=subscription.pk).last_event_at == received
    assert due_connections() == []


def test_more_than_a_batch_is_read_at_once(telephones, monkeypatch):
    from realtime.events import reading

    monkeypatch.setattr(reading, "BATCH", 3)
    put(telephones, *(event("ringing", f"leg-{place}") for place in range(8)))
    assert read_events(telephones.tenant_id, telephones.pk) == 8


# --- Who is told --------------------------------------------------------------------------------------------------------


@pytest.fixture
def heard(monkeypatch):
    """What the board, the actions and the company's other systems were told."""
    found = {"boards": [], "changes": [], "told": []}
    monkeypatch.setattr(bell, "ring", found["boards"].append)
    monkeypatch.setattr(actions, "confirm", found["changes"].extend)
    monkeypatch.setattr(telling, "tell", lambda name, call: found["told"].append((name, call.pk)))
    return found


def test_a_company_is_told_each_thing_once(telephones, heard):
    life = [event("created", "leg-1"), event("ringing", "leg-1", 1), event("answered", "leg-1", 2)]
    for each in (
        *life,
        life[1],
        event("holding", "leg-1", 3),
        event("resume", "leg-1", 4),
        event("terminated", "leg-1", 5),
    ):
        told(telephones, each)
    (call,) = calls(telephones)
    assert heard["told"] == [
        (name, call.pk) for name in ("call.inbound", "call.ringing", "call.answered", "call.ended")
    ]  # fmt: skip


def test_a_call_that_is_over_when_it_is_heard_of_is_told_without_its_ringing(telephones, heard):
    told(telephones, event("terminated", "leg-1", 5), event("ringing", "leg-1", 1), event("answered", "leg-1", 2))
    assert [name for name, _call in heard["told"]] == ["call.inbound", "call.answered", "call.ended"]


def test_legs_that_become_one_call_are_not_told_again(telephones, heard):
    told(telephones, event("answered", "leg-1"), event("answered", "leg-2", 1, direction="outbound"))
    heard["told"].clear()
    told(telephones, bridged(2, {"call_id": "leg-1"}, {"call_id": "leg-2"}))
    assert heard["told"] == []
    assert len(heard["changes"][-1].legs) == 2


def test_boards_are_rung_after_the_commit_and_only_for_what_changed(telephones, heard):
    ringing = event("ringing", "leg-1")
    told(telephones, ringing)
    assert heard["boards"] == [telephones.tenant_id]
    told(telephones, {**ringing, "id": "the-same-again"})
    assert heard["boards"] == [telephones.tenant_id]


def test_what_was_asked_of_a_call_is_held_against_the_new_events(telephones, heard):
    told(telephones, event("answered", "leg-1", to={"extension_id": BOB}), event("parked", "leg-1", 1))
    (change,) = heard["changes"]
    assert [row.event_type for row in change.events] == ["answered", "parked"]
    assert (change.before.known, change.call.from_number, [leg.vendor_id for leg in change.legs]) == (
        False, f"+{ANNA}", ["leg-1"],
    )  # fmt: skip


# --- What is not kept ---------------------------------------------------------------------------------------------------


def test_events_as_they_came_go_after_their_days_and_calls_stay(telephones, settings):
    told(telephones, event("ringing", "leg-1"), event("created", "", 0))
    put(telephones, event("answered", "leg-1", 3))
    with tenant_scope(telephones.tenant_id):
        Event.objects.update(received_at=timezone.now() - timedelta(days=settings.LIVE_EVENT_DAYS + 1))
    put(telephones, event("ringing", "leg-2"))
    assert purging.purge() == 2
    read_events(telephones.tenant_id, telephones.pk)
    assert sorted(outcomes(telephones).values()) == ["applied", "applied"]
    assert [call.state for call in calls(telephones)] == ["talking", "ringing"]
