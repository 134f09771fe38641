"""What every co-worker is doing, by one query."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from portal.tenancy.scope import tenant_scope
from realtime.calls.presence import states_of
from realtime.extensions.models import Extension
from tests.realtime.telling import BOB, NOW, event, legs, make_extension, make_telephones, told

pytestmark = pytest.mark.django_db(transaction=True)
ALICE = "c" * 32
TO_BOB = {"to": {"extension_id": BOB}}


@pytest.fixture
def telephones(cast):
    return make_telephones(cast.acme)


@pytest.fixture
def bob(telephones):
    return make_extension(telephones, "Bob", "030", BOB)


def state_of(extension):
    with tenant_scope(extension.tenant_id):
        return states_of()[extension.pk]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "free"),
        ([event("created", "leg-1", **TO_BOB)], "ringing"),
        ([event("ringing", "leg-1", **TO_BOB)], "ringing"),
        ([event("answered", "leg-1", **TO_BOB)], "talking"),
        ([event("answered", "leg-1", **TO_BOB), event("holding", "leg-1", 2, **TO_BOB)], "on_hold"),
        ([event("answered", "leg-1", **TO_BOB), event("ringing", "leg-2", 2, **TO_BOB)], "talking"),
        ([event("terminated", "leg-1", 2, **TO_BOB)], "free"),
        ([event("answered", "leg-1")], "free"),
    ],
)
def test_bob_does_what_his_legs_say(telephones, bob, events, state):
    told(telephones, *events)
    assert state_of(bob).state == state


def test_it_says_with_whom_and_since_when(telephones, bob):
    alice = make_extension(telephones, "Alice", "031", ALICE)
    told(telephones, event("answered", "leg-1", **TO_BOB, **{"from": {"extension_id": ALICE}}))
    assert (state_of(bob).other_party, state_of(bob).since, str(state_of(bob).label)) == ("Alice", NOW, "Talking")
    assert (state_of(alice).other_party, state_of(alice).call_pk) == ("Bob", legs(telephones)["leg-1"].call_id)


def test_after_a_transfer_the_other_one_talks(telephones, bob):
    alice = make_extension(telephones, "Alice", "031", ALICE)
    told(telephones, event("answered", "leg-1", **TO_BOB))
    told(telephones, event("transferred", "leg-1", 2, after={"to": {"extension_id": ALICE}}))
    assert (state_of(bob).state, state_of(alice).state) == ("free", "talking")


def test_another_companys_calls_are_nobodys_here(telephones, bob, cast):
    globex = make_telephones(cast.globex)
    make_extension(globex, "Bob", "030", BOB)
    told(globex, event("answered", "leg-1", **TO_BOB))
    assert state_of(bob).state == "free"


def test_five_hundred_extensions_cost_one_query(telephones):
    with tenant_scope(telephones.tenant_id):
        rows = Extension.objects.bulk_create(
            Extension(
                tenant_id=telephones.tenant_id, connection=telephones, vendor_id=f"{place:032x}", name=f"Person {place}",
                number=f"{place:04}", kind="user",
            )
            for place in range(500)
        )  # fmt: skip
    told(telephones, *(event("answered", f"leg-{place}", to={"number": f"{place:04}"}) for place in range(0, 500, 2)))
    with tenant_scope(telephones.tenant_id), CaptureQueriesContext(database) as asked:
        states = states_of(telephones.pk)
        talking = [row for row in rows if states[row.pk].state == "talking"]
    assert len(asked) == 1
    assert len(talking) == 250
