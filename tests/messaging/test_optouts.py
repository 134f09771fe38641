"""The do-not-send list: a number comes on it once, by whatever way, and leaves it by a person with a reason."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.people.models import OptOut
from messaging.people.optouts import lift, opt_out, opted_out
from portal.audit.models import Entry
from portal.operations.refusals import NotPromised
from portal.tenancy.scope import tenant_scope
from tests.messaging.people import ANNA, BEN, CARLA

PERSON, REPLY = OptOut.Source.PERSON, OptOut.Source.REPLY


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


def test_a_number_stands_on_the_list_once_and_as_it_came_first(acme, cast):
    opt_out(acme.pk, [ANNA, ANNA, BEN], PERSON, "By telephone", acting_user=cast.bob)
    new = opt_out(acme.pk, [ANNA, CARLA], REPLY, "STOP", acting_user=None)
    assert [each.number for each in new] == [CARLA]
    told = {each.number: (each.source, each.note, each.created_by) for each in OptOut.objects.select_related(None)}
    assert told[ANNA] == ("person", "By telephone", cast.bob)
    assert told[CARLA] == ("reply", "STOP", None)


def test_each_number_is_on_record_with_who_and_how(acme, cast):
    opt_out(acme.pk, [ANNA], PERSON, "By telephone", acting_user=cast.bob)
    opt_out(acme.pk, [ANNA, BEN], REPLY, acting_user=None)
    entries = Entry.objects.filter(action="messaging.opted_out").order_by("pk")
    assert [(entry.object_label, entry.after["source"]) for entry in entries] == [(ANNA, "person"), (BEN, "reply")]
    assert [entry.actor for entry in entries] == [cast.bob, None]


def test_one_query_tells_of_thousands_which_stand_on_it(acme, cast):
    numbers = [f"+316{place:08}" for place in range(5_000)]
    opt_out(acme.pk, numbers[:3_000], PERSON, acting_user=cast.bob)
    with CaptureQueriesContext(connection) as asked:
        found = opted_out(numbers)
    assert len(asked) == 1
    assert found == set(numbers[:3_000])
    assert opted_out([]) == set()


def test_what_is_taken_off_may_be_sent_to_and_may_come_back(acme, cast):
    (standing,) = opt_out(acme.pk, [ANNA], PERSON, acting_user=cast.bob)
    lift(standing, "She asked for it", acting_user=cast.adam)
    assert opted_out([ANNA]) == set()
    standing.refresh_from_db()
    assert (standing.lifted_by, standing.lifted_because) == (cast.adam, "She asked for it")
    assert Entry.objects.get(action="messaging.opt_out_lifted").reason == "She asked for it"
    assert len(opt_out(acme.pk, [ANNA], REPLY, acting_user=None)) == 1
    assert opted_out([ANNA]) == {ANNA}


def test_taking_off_needs_a_reason_and_happens_once(acme, cast):
    (standing,) = opt_out(acme.pk, [ANNA], PERSON, acting_user=cast.bob)
    with pytest.raises(NotPromised, match="Give a reason"):
        lift(standing, "  ", acting_user=cast.adam)
    lift(standing, "She asked for it", acting_user=cast.adam)
    with pytest.raises(NotPromised, match="already"):
        lift(standing, "Again", acting_user=cast.alice)
    standing.refresh_from_db()
    assert standing.lifted_by == cast.adam


def test_the_list_of_one_company_is_not_that_of_another(cast):
    with tenant_scope(cast.globex.pk):
        opt_out(cast.globex.pk, [ANNA], PERSON, acting_user=cast.charlie)
    with tenant_scope(cast.acme.pk):
        assert opted_out([ANNA]) == set()
        assert len(opt_out(cast.acme.pk, [ANNA], REPLY, acting_user=None)) == 1
