"""Calls are forgotten after their time: with everything that was told and asked of them, and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from realtime.callback.models import CallbackRequest
from realtime.calls import retention
from realtime.calls.models import Call, CallAction, Leg, LegEvent, LegState, LooseBegin
from tests.realtime.samples_of_others import make_form
from tests.realtime.telling import bridged, calls, event, make_telephones, told

pytestmark = pytest.mark.django_db(transaction=True)
# So long ago did those happen of which the vendor's events are laid down here.
OLD = timedelta(days=401)


@pytest.fixture
def telephones(cast):
    return make_telephones(cast.acme)


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    """So that several steps are needed."""
    monkeypatch.setattr(retention, "AT_ONCE", 2)


def ended(connection, call_id: str, ago: timedelta) -> None:
    told(connection, event("ringing", call_id, -60), event("terminated", call_id))
    grow_old(connection, call_id, ago)


def grow_old(connection, call_id: str, ago: timedelta) -> None:
    """The vendor's events are never so late that they would tell it themselves."""
    with tenant_scope(connection.tenant_id):
        Call.objects.filter(legs__vendor_id=call_id).update(began_at=timezone.now() - ago)


def asked_of(connection, call: Call | None, days: float = 0, **more) -> CallAction:
    at = timezone.now() - timedelta(days=days)
    own = {"tenant_id": connection.tenant_id, "connection": connection}
    return CallAction.objects.create(**own, call=call, kind="hold", asked_at=at, send_until=at, **more)


def test_only_calls_older_than_their_time_are_forgotten(telephones, settings):
    for place in range(5):
        ended(telephones, f"old-{place}", OLD + timedelta(days=place))
    ended(telephones, "young", timedelta(days=399))
    assert retention.forget_old_calls() == 5
    with tenant_scope(telephones.tenant_id):
        assert [leg.vendor_id for leg in Leg.objects.all()] == ["young"]
        assert LegEvent.objects.count() == 2
    assert retention.forget_old_calls() == 0
    settings.LIVE_CALL_DAYS = 100
    assert retention.forget_old_calls() == 1
    assert calls(telephones) == []


def test_all_that_belongs_to_a_call_goes_with_it(telephones):
    told(
        telephones,
        event("answered", "leg-1", -60),
        event("answered", "leg-2", -60),
        bridged(-50, {"call_id": "leg-1"}, {"call_id": "leg-2"}),
        event("terminated", "leg-1"),
        event("terminated", "leg-2"),
    )
    grow_old(telephones, "leg-1", OLD)
    with tenant_scope(telephones.tenant_id):
        leg = Leg.objects.get(vendor_id="leg-1")
        asked_of(telephones, leg.call, leg=leg)
        LooseBegin.objects.create(
            tenant_id=telephones.tenant_id, connection=telephones, event_key="e", at=leg.began_at, ends="a b", leg=leg
        )
    assert retention.forget_old_calls() == 1
    with tenant_scope(telephones.tenant_id):
        for kind in (Call, Leg, LegEvent, CallAction):
            assert not kind.objects.exists()
        assert LooseBegin.objects.get().leg is None


def test_a_call_that_was_lost_is_forgotten_and_one_that_goes_on_is_not(telephones):
    for call_id, state in (("lost", LegState.UNSURE), ("other", LegState.TALKING)):
        ended(telephones, call_id, OLD)
        with tenant_scope(telephones.tenant_id):
            Call.objects.filter(legs__vendor_id=call_id).update(state=state)
    assert retention.forget_old_calls() == 1
    (call,) = calls(telephones)
    assert call.state == LegState.TALKING


def test_what_never_became_a_call_is_forgotten_too(telephones):
    with tenant_scope(telephones.tenant_id):
        for days in (500, 450, 401, 399):
            asked_of(telephones, None, days)
    assert retention.forget_old_calls() == 0
    with tenant_scope(telephones.tenant_id):
        (kept,) = CallAction.objects.all()
        assert kept.asked_at > timezone.now() - timedelta(days=400)


def test_a_visitors_request_stays_with_what_became_of_it(cast, telephones):
    with tenant_scope(cast.acme.pk):
        request = CallbackRequest.objects.create(
            tenant=cast.acme,
            form=make_form(cast.acme),
            number="+31612345678",
            state="called",
            action=asked_of(telephones, None, 500),
        )
    retention.forget_old_calls()
    with tenant_scope(cast.acme.pk):
        request.refresh_from_db()
        assert (request.state, request.action) == ("called", None)


def test_every_company_has_its_own_forgotten(cast, telephones):
    others = make_telephones(cast.globex)
    ended(telephones, "acme", OLD)
    ended(others, "globex", OLD)
    ended(others, "young", timedelta(days=1))
    assert retention.forget_old_calls() == 2
    assert calls(telephones) == []
    assert len(calls(others)) == 1
