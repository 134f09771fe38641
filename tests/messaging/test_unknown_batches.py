"""A batch whose answer was lost is unknown, and is never sent again by itself; a report proves it, a person may decide."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from messaging.campaigns import release, resending
from messaging.campaigns.sending import proven
from messaging.models import Campaign, Message, PartsSent, Sending
from messaging.people.models import OptOut
from messaging.people.optouts import opt_out
from portal.operations import decisions, proposals
from portal.operations.models import Decision, Status
from portal.operations.refusals import NotPromised
from tests.messaging.vendor_post import path_of, post, report_body, some_key, work_off

S = Campaign.State


@pytest.fixture
def lost(dispatch) -> Campaign:
    """A batch of three that the vendor took and whose answer was lost; a person is asked."""
    dispatch.lose_answers()
    campaign = dispatch.released(3)
    dispatch.turn(campaign)
    dispatch.mailroom.work_once()
    dispatch.give_up_looking()
    dispatch.turn(campaign)
    return campaign


def status(dispatch, campaign) -> str:
    return dispatch.batch(campaign).operation.status


def again(dispatch, campaign, may_get_twice=3, reason="Nobody called back"):
    with dispatch.scope():
        return resending.send_again(
            dispatch.batch(campaign), reason=reason, may_get_twice=may_get_twice, acting_user=dispatch.person
        )


def test_it_is_unknown_at_once_and_stays_so_however_long_nothing_is_heard(dispatch, settings):
    settings.OPERATION_SETTLE_SECONDS = 3600
    dispatch.lose_answers()
    campaign = dispatch.released(3)
    dispatch.turn(campaign)
    dispatch.mailroom.work_once()
    dispatch.turn(campaign)
    assert dispatch.counts(campaign) == {"unknown": 3}
    assert dispatch.batch(campaign).state == "unknown"

    settings.OPERATION_SETTLE_SECONDS = 0
    dispatch.give_up_looking()
    dispatch.send(campaign)
    assert status(dispatch, campaign) == Status.NEEDS_PERSON
    assert dispatch.counts(campaign) == {"unknown": 3}
    assert len(dispatch.reached()) == 3
    with dispatch.scope():
        assert not PartsSent.objects.exists()


def test_a_report_on_its_own_address_makes_it_done_in_its_own_time(dispatch):
    dispatch.lose_answers()
    campaign = dispatch.released(3)
    dispatch.turn(campaign)
    dispatch.mailroom.work_once()
    sending = dispatch.report(campaign)
    dispatch.mailroom.let_time_pass()
    dispatch.mailroom.work()

    assert status(dispatch, campaign) == Status.DONE
    assert dispatch.counts(campaign) == {"handed_over": 3}
    with dispatch.scope():
        assert PartsSent.objects.get().sent_at == sending.started_at
    assert dispatch.batch(campaign).taken_at == sending.first_report_at


def told(dispatch, campaign, number: str, sending: int = 1) -> None:
    """The vendor posts, signed, that a message was delivered; the post is read."""
    with dispatch.scope():
        some_key(dispatch.connection)
        address = path_of(Sending.objects.get(batch__campaign=campaign, number=sending))
    assert post(address, report_body(number, 1)) == 200
    work_off(dispatch.connection)


def test_a_signed_report_of_one_message_proves_all_of_its_batch(dispatch, lost):
    number = min(dispatch.mailroom.states(lost))
    told(dispatch, lost, number)
    dispatch.mailroom.work()
    assert status(dispatch, lost) == Status.DONE
    assert dispatch.counts(lost) == {"delivered": 1, "handed_over": 2}
    with dispatch.scope():
        assert PartsSent.objects.get().messages == 3


def test_a_signed_report_of_what_was_given_up_is_charged_for(dispatch, lost):
    with dispatch.scope():
        decisions.give_up(dispatch.batch(lost).operation, reason="Too late now", acting_user=dispatch.person)
    told(dispatch, lost, min(dispatch.mailroom.states(lost)))
    assert dispatch.counts(lost) == {"delivered": 1, "handed_over": 2}
    with dispatch.scope():
        assert PartsSent.objects.get().messages == 3


def test_another_sendings_report_proves_nothing_of_this_one(dispatch, lost):
    dispatch.lose_answers()
    again(dispatch, lost)
    dispatch.mailroom.work_once()
    with dispatch.scope():
        first = Sending.objects.get(number=1)
        Sending.objects.filter(pk=first.pk).update(first_report_at=first.started_at)
    dispatch.give_up_looking()
    assert status(dispatch, lost) == Status.NEEDS_PERSON


def test_a_person_sends_again_to_those_without_a_report_by_a_sending_of_its_own(dispatch, lost):
    with dispatch.scope():
        told = Message.objects.filter(campaign=lost).order_by("pk").first()
        Message.objects.filter(pk=told.pk).update(state="delivered")
        assert resending.again(dispatch.batch(lost)) == resending.Again(messages=2, left_out=0)
    again(dispatch, lost, may_get_twice=2)
    dispatch.mailroom.work()

    assert status(dispatch, lost) == Status.DONE
    assert dispatch.counts(lost) == {"delivered": 1, "handed_over": 2}
    assert dispatch.reached().count(told.number) == 1
    assert len(dispatch.reached()) == 5
    with dispatch.scope():
        assert list(Sending.objects.order_by("number").values_list("number", "messages")) == [(1, 3), (2, 2)]
        assert PartsSent.objects.get().messages == 2
    addresses = {each["webhook_url"] for each in dispatch.mailroom.control.sms(dispatch.mailroom.client_id)}
    assert len(addresses) == 2


def test_a_late_report_of_the_first_sending_still_counts_and_is_charged_for(dispatch, lost):
    again(dispatch, lost)
    dispatch.mailroom.work()
    with dispatch.scope():
        first = Sending.objects.get(number=1)
        Sending.objects.filter(pk=first.pk).update(first_report_at=first.started_at)
        proven(first.pk)
        proven(first.pk)
        assert list(PartsSent.objects.order_by("sending").values_list("sending__number", "messages")) == [
            (1, 3),
            (2, 3),
        ]


def test_a_report_between_the_decision_and_the_sending_saves_everybody_from_a_second_one(dispatch, lost):
    again(dispatch, lost)
    dispatch.report(lost)
    dispatch.mailroom.work()
    assert len(dispatch.reached()) == 3
    assert status(dispatch, lost) == Status.DONE
    assert dispatch.counts(lost) == {"handed_over": 3}


def test_who_opted_out_meanwhile_is_not_sent_to_again_and_stays_unknown(dispatch, lost):
    quitter = min(dispatch.mailroom.states(lost))
    with dispatch.scope():
        opt_out(lost.tenant_id, [quitter], OptOut.Source.PERSON, acting_user=None)
    again(dispatch, lost, may_get_twice=2)
    dispatch.mailroom.work()
    assert dispatch.reached().count(quitter) == 1
    assert dispatch.counts(lost) == {"handed_over": 2, "unknown": 1}


@pytest.mark.parametrize(("may_get_twice", "reason"), [(2, "A reason"), (None, "A reason"), (3, "  ")])
def test_nothing_is_sent_again_without_a_reason_and_the_right_warning(dispatch, lost, may_get_twice, reason):
    with pytest.raises(NotPromised, match="Nothing was sent"):
        again(dispatch, lost, may_get_twice, reason)
    dispatch.mailroom.work()
    assert len(dispatch.reached()) == 3


def test_nothing_is_sent_again_while_a_report_may_still_come(dispatch, settings):
    settings.OPERATION_SETTLE_SECONDS = 3600
    dispatch.lose_answers()
    campaign = dispatch.released(3)
    dispatch.turn(campaign)
    dispatch.mailroom.work_once()
    dispatch.turn(campaign)
    with pytest.raises(NotPromised, match="may still prove"):
        again(dispatch, campaign)


# --- The operations desk decides about the same promise -----------------------------------------------------------------


def test_the_desks_send_again_spares_those_with_a_report(dispatch, lost):
    with dispatch.scope():
        told = Message.objects.filter(campaign=lost).order_by("pk").first()
        Message.objects.filter(pk=told.pk).update(state="accepted")
        decisions.send_again(dispatch.batch(lost).operation, reason="Asked KPN", acting_user=dispatch.person)
    dispatch.mailroom.work()
    assert dispatch.reached().count(told.number) == 1
    assert dispatch.counts(lost) == {"accepted": 1, "handed_over": 2}


def test_at_the_desk_an_admin_decides_about_sending_again_and_an_operator_does_not(dispatch, lost, cast):
    operation = dispatch.batch(lost).operation
    address = reverse("operations:send_again", args=["acme", operation.pk])
    data = {"reason": "Asked KPN", "form_key": str(uuid4())}
    for person, reached in ((cast.bob, 3), (cast.adam, 6)):
        client = Client()
        client.force_login(person)
        client.post(address, data)
        dispatch.mailroom.work()
        assert len(dispatch.reached()) == reached
    with dispatch.scope():
        proposal = proposals.proposal(Decision.Action.SEND_AGAIN, operation)
    assert "gets it twice" in proposal.consequence


def test_marked_as_done_it_is_handed_over_and_charged_for(dispatch, lost):
    with dispatch.scope():
        operation = dispatch.batch(lost).operation
        decisions.mark_done(operation, reference="doc-1", reason="KPN says so", acting_user=dispatch.person)
        sending = Sending.objects.get()
        assert PartsSent.objects.get().sent_at == sending.started_at
    assert sending.document_id == "doc-1"
    assert dispatch.counts(lost) == {"handed_over": 3}
    assert dispatch.batch(lost).state == "done"


def test_given_up_it_stays_unknown_until_a_report_tells_otherwise(dispatch, lost):
    with dispatch.scope():
        decisions.give_up(dispatch.batch(lost).operation, reason="Too late now", acting_user=dispatch.person)
        assert not PartsSent.objects.exists()
    assert dispatch.counts(lost) == {"unknown": 3}
    assert dispatch.batch(lost).state == "unknown"
    with pytest.raises(NotPromised, match="Nothing is to be decided"):
        again(dispatch, lost)

    sending = dispatch.report(lost)
    with dispatch.scope():
        proven(sending.pk)
        assert PartsSent.objects.get().sent_at == sending.started_at
    assert dispatch.counts(lost) == {"handed_over": 3}
    assert dispatch.batch(lost).state == "done"


def test_a_second_sending_that_is_refused_says_nothing_of_the_first(dispatch, lost):
    dispatch.mailroom.control.add_fault("status", status=400, method="POST", path="/send", times=1)
    again(dispatch, lost)
    dispatch.mailroom.work()
    assert status(dispatch, lost) == Status.REFUSED
    assert dispatch.counts(lost) == {"unknown": 3}
    assert dispatch.batch(lost).state == "unknown"


def test_a_second_sending_that_is_cancelled_leaves_the_first_unknown(dispatch, lost):
    again(dispatch, lost)
    with dispatch.scope():
        decisions.cancel(dispatch.batch(lost).operation, reason="No", acting_user=dispatch.person)
    assert dispatch.counts(lost) == {"unknown": 3}
    assert dispatch.batch(lost).state == "unknown"


def test_a_cancelled_campaigns_unknown_batch_may_still_be_sent_again(dispatch):
    dispatch.lose_answers()
    campaign = dispatch.released(3)
    dispatch.turn(campaign)
    dispatch.mailroom.work_once()
    with dispatch.scope():
        release.cancel(campaign, acting_user=dispatch.person)
    dispatch.turn(campaign)
    dispatch.give_up_looking()
    assert dispatch.counts(campaign) == {"unknown": 3}
    again(dispatch, campaign)
    dispatch.mailroom.work()
    assert len(dispatch.reached()) == 6


def test_the_page_of_the_batch_leads_adam_to_the_decision_and_bob_to_an_admin(dispatch, lost, cast, client):
    batch = dispatch.batch(lost)
    ask = reverse("messaging:batch_send_again", args=["acme", batch.pk])
    address = reverse("messaging:batch", args=["acme", batch.pk])
    client.force_login(cast.adam)
    page = client.get(address).content.decode()
    assert f'href="{ask}"' in page
    assert f'href="{reverse("messaging:campaign", args=["acme", lost.pk])}">Spring' in page
    client.force_login(cast.bob)
    assert ask not in (page := client.get(address).content.decode())
    assert "An owner or an admin can send it again." in page
