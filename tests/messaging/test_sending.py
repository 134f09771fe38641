"""A released campaign reaches everybody once, by one call for each batch; what is charged for is kept as it left."""

import json

import pytest

from messaging.models import Batch, Campaign, Message, PartsSent, Sending
from messaging.people.models import OptOut
from messaging.people.optouts import opt_out
from portal.operations import decisions
from portal.operations.models import Operation
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from portal.vendors.models import Call, Connection

S = Campaign.State


def test_everybody_is_reached_once_and_is_handed_over(dispatch):
    campaign = dispatch.released(3, 2)
    done = dispatch.send(campaign)

    assert done.state == S.DONE
    assert done.began_at < done.ended_at
    assert dispatch.counts(campaign) == {"handed_over": 5}
    assert sorted(dispatch.reached()) == sorted(dispatch.mailroom.states(campaign))


def test_a_batch_is_one_call_of_one_operation_with_an_address_of_its_own(dispatch):
    campaign = dispatch.send(dispatch.released(3, 2))
    told = dispatch.mailroom.control.sms(dispatch.mailroom.client_id)

    assert len({each["document_id"] for each in told}) == 2
    assert len({each["webhook_url"] for each in told}) == 2
    with dispatch.scope():
        assert Operation.objects.count() == 2
        assert set(Sending.objects.values_list("document_id", flat=True)) == {each["document_id"] for each in told}
        batch = Batch.objects.get(campaign=campaign, number=1)
    assert (batch.state, batch.taken_at is not None) == ("done", True)


def test_a_text_of_its_own_goes_to_its_own_recipient(dispatch):
    campaign = dispatch.planned(3, text="Hello")
    with dispatch.scope():
        first = Message.objects.filter(campaign=campaign).order_by("pk").first()
        Message.objects.filter(pk=first.pk).update(text="Hello Ann")
    dispatch.send(dispatch.release(campaign))

    texts = {each["number"]: each["text"] for each in dispatch.mailroom.control.sms(dispatch.mailroom.client_id)}
    assert texts.pop(first.number) == "Hello Ann"
    assert set(texts.values()) == {"Hello"}


@pytest.mark.parametrize(("expires_in", "told"), [(3600, 3600), (None, None)])
def test_the_validity_is_passed_on(dispatch, expires_in, told):
    campaign = dispatch.send(dispatch.released(1, expires_in=expires_in))
    assert [each["expires_in"] for each in dispatch.mailroom.control.sms(dispatch.mailroom.client_id)] == [told]
    batch = dispatch.batch(campaign)
    assert (batch.reports_due_at - batch.taken_at).total_seconds() == (expires_in or 72 * 3600)


def test_parts_are_kept_by_destination_at_the_time_they_left(dispatch):
    campaign = dispatch.planned(3)
    with dispatch.scope():
        first = Message.objects.filter(campaign=campaign).order_by("pk").first()
        Message.objects.filter(pk=first.pk).update(parts=4, country="BE")
    dispatch.send(dispatch.release(campaign))

    with dispatch.scope():
        sending = Sending.objects.get()
        parts = {each.destination.country: each for each in PartsSent.objects.select_related("destination")}
    assert {country: (each.messages, each.parts) for country, each in parts.items()} == {"NL": (2, 2), "BE": (1, 4)}
    assert {each.sent_at for each in parts.values()} == {sending.started_at}


def test_who_opted_out_after_the_release_gets_nothing(dispatch):
    campaign = dispatch.released(3)
    quitter = min(dispatch.mailroom.states(campaign))
    with dispatch.scope():
        opt_out(campaign.tenant_id, [quitter], OptOut.Source.PERSON, acting_user=dispatch.person)
    dispatch.send(campaign)

    assert dispatch.counts(campaign) == {"handed_over": 2, "skipped": 1}
    assert dispatch.mailroom.states(campaign)[quitter] == "skipped"
    assert quitter not in dispatch.reached()
    with dispatch.scope():
        assert PartsSent.objects.get().messages == 2


def test_a_batch_of_which_all_opted_out_is_no_call(dispatch):
    campaign = dispatch.released(2)
    with dispatch.scope():
        opt_out(campaign.tenant_id, dispatch.mailroom.states(campaign), OptOut.Source.PERSON, acting_user=None)
    done = dispatch.send(campaign)

    assert done.state == S.DONE
    assert dispatch.counts(campaign) == {"skipped": 2}
    assert dispatch.reached() == []
    with dispatch.scope():
        assert not Call.objects.filter(path__endswith="/send").exists()
        assert not Sending.objects.exists()


def test_what_the_vendor_refuses_is_refused_and_no_one_else(dispatch):
    dispatch.mailroom.control.add_fault("status", status=400, method="POST", path="/send", times=1)
    campaign = dispatch.send(dispatch.released(3, 2))

    assert campaign.state == S.DONE
    assert sorted(dispatch.counts(campaign).items()) in (
        [("handed_over", 2), ("refused", 3)],
        [("handed_over", 3), ("refused", 2)],
    )
    assert len(dispatch.reached()) == dispatch.counts(campaign)["handed_over"]


def test_what_cannot_have_left_is_sent_when_the_vendor_is_back(dispatch):
    dispatch.mailroom.control.add_fault("status", status=429, method="POST", path="/send", times=1)
    campaign = dispatch.released(2)
    dispatch.turn(campaign)
    dispatch.mailroom.work()
    assert dispatch.reached() == []

    dispatch.mailroom.let_time_pass()
    assert dispatch.send(campaign).state == S.DONE
    assert len(dispatch.reached()) == 2


def test_a_suspended_company_sends_nothing(dispatch):
    campaign = dispatch.released(2)
    with staff_scope():
        Tenant.objects.filter(pk=campaign.tenant_id).update(state=Tenant.State.SUSPENDED)
    dispatch.send(campaign, rounds=2)
    assert dispatch.reached() == []

    with staff_scope():
        Tenant.objects.filter(pk=campaign.tenant_id).update(state=Tenant.State.ACTIVE)
    dispatch.send(campaign)
    assert len(dispatch.reached()) == 2


def test_a_disabled_connection_sends_nothing(dispatch):
    campaign = dispatch.released(2)
    with dispatch.scope():
        Connection.objects.update(enabled=False)
    dispatch.send(campaign, rounds=2)
    assert dispatch.counts(campaign) == {"planned": 2}
    assert dispatch.reached() == []


def test_an_operator_who_cancels_one_sending_cancels_its_batch(dispatch):
    campaign = dispatch.released(2, 1)
    dispatch.turn(campaign)
    with dispatch.scope():
        decisions.cancel(dispatch.batch(campaign).operation, acting_user=dispatch.person)
    dispatch.send(campaign)

    assert dispatch.counts(campaign) == {"cancelled": 2, "handed_over": 1}
    assert dispatch.batch(campaign).state == "cancelled"


def test_no_number_and_no_text_is_kept_in_the_journal(dispatch):
    campaign = dispatch.send(dispatch.released(2, text="Your code is 4711"))
    with dispatch.scope():
        kept = json.dumps([list(Operation.objects.values("payload", "label")), list(Call.objects.values("path"))])
    assert "4711" not in kept
    assert not any(number in kept for number in dispatch.mailroom.states(campaign))
