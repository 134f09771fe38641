"""Events become calls: joined, moved, ended; the same rows in whatever order, how often and in how many batches they came."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.calls.models import Call, CallAction, LegEvent, known_as
from realtime.events.reading import read_events
from tests.realtime.generated import HISTORIES
from tests.realtime.telling import (
    ANNA,
    BOB,
    NOW,
    SALES,
    bridged,
    calls,
    event,
    legs,
    make_extension,
    make_telephones,
    outcomes,
    picture,
    put,
    told,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def telephones(cast):
    connection = make_telephones(cast.acme)
    make_extension(connection, "Sales", "345", SALES, kind="dialplan", external_number="+31102612345")
    make_extension(connection, "Bob", "030", BOB)
    return connection


def test_a_call_rings_is_answered_and_ends(telephones):
    told(telephones, event("created", "leg-1"), event("ringing", "leg-1", 1))
    (call,) = calls(telephones)
    assert (call.state, call.direction, call.from_number, str(call.to_extension)) == (
        "ringing", "inbound", f"+{ANNA}", "Sales",
    )  # fmt: skip
    told(telephones, event("answered", "leg-1", 5))
    told(telephones, event("terminated", "leg-1", 9, reason="hangup"))
    (ended,) = calls(telephones)
    assert (ended.pk, ended.state, ended.reason, ended.ended_at) == (
        call.pk,
        "ended",
        "hangup",
        NOW + timedelta(seconds=9),
    )
    assert ended.version == 3


def test_an_extension_is_known_by_its_id_its_number_and_its_number_outside(telephones):
    ends = [{"extension_id": SALES}, {"number": "345"}, {"number": "31102612345"}, {"number": "0031102612345"}]
    told(telephones, *(event("ringing", f"leg-{place}", to=end) for place, end in enumerate(ends)))
    assert {str(call.to_extension) for call in calls(telephones)} == {"Sales"}


def test_bridged_legs_are_one_call_and_the_oldest_stays(telephones):
    told(
        telephones,
        event("answered", "leg-1"),
        event("ringing", "leg-2", 2, to={"extension_id": BOB}, direction="outbound"),
    )
    first, second = calls(telephones)
    with tenant_scope(telephones.tenant_id):
        asked = CallAction.objects.create(
            tenant_id=telephones.tenant_id, connection=telephones, call=second, kind="hold", send_until=NOW
        )
    told(telephones, bridged(4, {"call_id": "leg-1"}, {"call_id": "leg-2", "to": {"extension_id": BOB}}))
    (call,) = calls(telephones)
    assert (call.pk, call.state, str(call.to_extension)) == (first.pk, "talking", "Bob")
    with tenant_scope(telephones.tenant_id):
        assert CallAction.objects.get(pk=asked.pk).call_id == first.pk


def test_many_legs_joined_one_by_one_are_one_call(telephones):
    pairs = [("leg-1", "leg-2"), ("leg-3", "leg-4"), ("leg-2", "leg-3")]
    told(telephones, *(bridged(place, *({"call_id": each} for each in pair)) for place, pair in enumerate(pairs)))
    assert len(calls(telephones)) == 1
    assert len(legs(telephones)) == 4


def test_links_to_calls_that_turned_out_to_be_one_lead_to_it(telephones):
    told(telephones, *(event("ringing", f"leg-{place}") for place in range(4)))
    before = [call.pk for call in calls(telephones)]
    for place in (2, 1, 0):
        told(telephones, bridged(9 - place, {"call_id": f"leg-{place}"}, {"call_id": f"leg-{place + 1}"}))
    (left,) = calls(telephones)
    with tenant_scope(telephones.tenant_id):
        assert [Call.objects.get(known_as(pk)) for pk in before] == [left] * 4
        assert not Call.objects.filter(known_as(max(before) + 1)).exists()


def test_a_transferred_call_is_with_somebody_else(telephones):
    told(telephones, event("answered", "leg-1"))
    moved = event(
        "transferred", "leg-1", 5, transfer_type="attended", after={"to": {"extension_id": BOB, "number": "030"}}
    )
    told(telephones, {name: value for name, value in moved.items() if name not in ("from", "to")})
    (call,) = calls(telephones)
    assert (str(call.to_extension), call.transferred, call.from_number) == ("Bob", "attended", f"+{ANNA}")


# --- A "created" without a call ID --------------------------------------------------------------------------------------


def test_it_belongs_to_the_only_leg_that_can_be_meant_whichever_comes_first(telephones):
    told(telephones, event("created", "", 0), event("ringing", "leg-1", 0.2))
    told(telephones, event("ringing", "leg-2", 60.2))
    told(telephones, event("created", "", 60))
    assert [call.began_at for call in calls(telephones)] == [NOW, NOW + timedelta(seconds=60)]
    assert set(outcomes(telephones).values()) == {"applied"}


def test_it_is_nobodys_while_two_can_be_meant(telephones):
    told(telephones, event("created", "", 0), event("ringing", "leg-1", 1))
    assert calls(telephones)[0].began_at == NOW
    told(telephones, event("ringing", "leg-2", 2))
    assert [call.began_at for call in calls(telephones)] == [NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)]
    assert sorted(outcomes(telephones).values()) == ["applied", "applied", "no_leg"]


@pytest.mark.parametrize(
    "other",
    [
        event("ringing", "leg-1", 1, to={"number": "346"}),
        event("ringing", "leg-1", 60),
        event("created", "leg-1", 0),
    ],
)
def test_it_is_nobodys_where_nobody_fits(telephones, other):
    told(telephones, event("created", "", 0), other)
    assert sorted(outcomes(telephones).values()) == ["applied", "no_leg"]
    assert len(calls(telephones)) == 1


def test_it_makes_no_call_by_itself(telephones):
    told(telephones, event("created", "", 0))
    assert calls(telephones) == []


# --- Any order ----------------------------------------------------------------------------------------------------------


@given(history=HISTORIES, data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_split_ends_in_the_same_rows(telephones, history, data):
    again = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=4))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(again)), max_size=4)))
    first, second = make_again(telephones, "One"), make_again(telephones, "Two")
    told(first, *history)
    for begins, ends in zip([0, *cuts], [*cuts, len(again)], strict=True):
        told(second, *again[begins:ends])
    assert picture(second) == picture(first)
    assert outcomes(second) == outcomes(first)


_made = iter(range(10**9))


def make_again(telephones, name):
    """Another connection of the same tenant, without a directory."""
    with staff_scope():
        tenant = telephones.tenant
    return make_telephones(tenant, f"{name} {next(_made)}")


# --- Whose, and what is left --------------------------------------------------------------------------------------------


def test_the_same_call_id_at_another_connection_is_another_call(telephones, cast):
    other, globex = make_telephones(cast.acme, "Others"), make_telephones(cast.globex)
    for connection in (telephones, other, globex):
        told(connection, event("ringing", "leg-1"))
    told(other, bridged(2, {"call_id": "leg-1"}, {"call_id": "leg-2"}))
    told(globex, event("terminated", "leg-1", 3))
    assert [call.state for call in calls(telephones)] == ["ringing"]
    assert [len(calls(each)) for each in (telephones, other, globex)] == [1, 1, 1]


def test_what_is_told_again_changes_no_row(telephones):
    life = [event("ringing", "leg-1"), event("answered", "leg-1", 3)]
    told(telephones, *life)
    versions = [call.version for call in calls(telephones)]
    told(telephones, *life, {**life[1], "id": "another"})
    assert [call.version for call in calls(telephones)] == versions
    with tenant_scope(telephones.tenant_id):
        assert LegEvent.objects.count() == 3


def test_a_worker_that_dies_in_a_batch_leaves_nothing_half_done(telephones, monkeypatch):
    put(telephones, event("ringing", "leg-1"))
    from realtime.events import reading

    class Killed(BaseException):
        pass

    def die(*_anything):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(reading, "_heard", die)
        with pytest.raises(Killed):
            read_events(telephones.tenant_id, telephones.pk)
    assert calls(telephones) == []
    assert read_events(telephones.tenant_id, telephones.pk) == 1
    assert len(calls(telephones)) == 1


def test_while_one_worker_reads_another_leaves_the_connection_alone(telephones):
    from threading import Thread

    from django.db import connection as database

    from realtime.models import RealtimeAccount

    put(telephones, event("ringing", "leg-1"))
    read = []

    def another():
        read.append(read_events(telephones.tenant_id, telephones.pk))
        database.close()

    with tenant_scope(telephones.tenant_id), transaction.atomic():
        RealtimeAccount.objects.select_for_update().get(connection=telephones)
        worker = Thread(target=another)
        worker.start()
        worker.join(20)
    assert read == [0]
    assert read_events(telephones.tenant_id, telephones.pk) == 1
    with tenant_scope(telephones.tenant_id):
        assert Call.objects.count() == 1
