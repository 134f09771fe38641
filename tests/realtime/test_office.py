"""The vendor's own truth: an office's calls, told in every spelling, late, twice and out of order, over two subscriptions."""

import secrets
import time

import pytest

from portal.tenancy.scope import tenant_scope
from realtime.events import intake
from realtime.events.addresses import PLACE, digest_of
from realtime.events.models import Event
from realtime.events.reading import read_events
from realtime.subscriptions.models import Subscription
from tests.realtime.telling import calls, legs, make_telephones

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 60


@pytest.fixture
def telephones(cast):
    return make_telephones(cast.acme)


@pytest.fixture
def office(control, account, granted, telephones, live_server, monkeypatch):
    """Acme's office is listened to, by the old subscription and by the one that replaces it."""
    monkeypatch.setattr(intake.bell, "ring", lambda *place: None)
    control.put_kwebbl(account, spelling="mixed", twice=0.3, disorder_seconds=0.5)
    kwebbl = granted().kwebbl
    for _each in range(2):
        secret = secrets.token_urlsafe(32)
        with tenant_scope(telephones.tenant_id):
            Subscription.objects.create(
                tenant_id=telephones.tenant_id, connection=telephones, state="active", digest=digest_of(secret)
            )
        kwebbl.subscribe(live_server.url + PLACE + secret, event_types=["*"], mode="detailed")
    return account


def wait_for_silence(control, account) -> None:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        state = control.kwebbl(account)
        if state["calls"] and not state["events"]["waiting"] and not any(call["live"] for call in state["calls"]):
            return
        time.sleep(0.2)
    raise AssertionError(f"the office never came to rest: {state['events']}")


def test_an_offices_calls_come_to_what_they_were(control, office, telephones):
    planned = control.office_life(office, seed=7, minutes=12, speed=200, per_minute=2)
    time.sleep(planned["seconds"])
    wait_for_silence(control, office)
    read_events(telephones.tenant_id, telephones.pk)
    truth = control.kwebbl(office)
    assert truth["events"]["failed"] == 0
    assert len(truth["calls"]) > 5
    found = legs(telephones)
    was = {leg["call_id"]: leg for call in truth["calls"] for leg in call["legs"]}
    assert set(found) == set(was)
    assert {leg.state for leg in found.values()} == {"ended"}
    assert {name: leg.reason for name, leg in found.items()} == {name: leg["reason"] or "" for name, leg in was.items()}
    assert {name for name, leg in found.items() if leg.answered_at} == {
        name for name, leg in was.items() if leg["answered_at"]
    }
    with tenant_scope(telephones.tenant_id):
        assert not Event.objects.filter(outcome="not_understood").exists()
    assert {call.state for call in calls(telephones)} == {"ended"}
