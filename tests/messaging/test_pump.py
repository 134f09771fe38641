"""A campaign is kept going: the first batch alone, so many at once, and stopped where the rest would go wrong, too."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.campaigns import release
from messaging.models import Batch, Campaign, Message
from portal.operations.refusals import NotPromised
from tests.messaging.dispatch import keep_rules

S = Campaign.State


def told(dispatch, campaign, number: int, **ends: int) -> None:
    """The vendor told the end of so many messages of a batch."""
    with dispatch.scope():
        for state, some in ends.items():
            waiting = Message.objects.filter(campaign=campaign, batch__number=number, state="handed_over")
            Message.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)[:some])).update(state=state)


def resume(dispatch, campaign, reason="It was our mistake"):
    with dispatch.scope():
        return release.resume(campaign, reason=reason, acting_user=dispatch.person)


def test_no_more_batches_are_asked_for_than_may_be_under_way(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 2
    campaign = dispatch.released(1, 1, 1, 1, 1)
    for _ in range(3):
        dispatch.turn(campaign)
    with dispatch.scope():
        assert Batch.objects.filter(state="asked").count() == 2
        assert Batch.objects.filter(state="planned").count() == 3


def test_the_first_batch_of_a_large_campaign_goes_alone_until_it_is_heard_of(dispatch):
    campaign = dispatch.released(3, 3, canary=2)
    dispatch.send(campaign, rounds=3)
    assert len(dispatch.reached()) == 2
    assert dispatch.counts(campaign) == {"handed_over": 2, "planned": 6}

    told(dispatch, campaign, 1, accepted=1)
    assert dispatch.send(campaign).state == S.DONE
    assert len(dispatch.reached()) == 8


def test_the_others_follow_the_first_batch_after_a_minute_of_silence(dispatch):
    campaign = dispatch.released(3, canary=2)
    dispatch.send(campaign, rounds=2)
    with dispatch.scope():
        Batch.objects.filter(canary=True).update(taken_at=timezone.now() - timedelta(seconds=61))
    dispatch.send(campaign)
    assert len(dispatch.reached()) == 5


@pytest.mark.parametrize("worked", [True, False])
def test_a_first_batch_whose_answer_was_lost_stops_the_campaign(dispatch, worked):
    dispatch.lose_answers(worked=worked)
    campaign = dispatch.send(dispatch.released(3, canary=2), rounds=3)
    assert campaign.state == S.STOPPED
    assert "first batch" in str(campaign.why_stopped)
    assert len(dispatch.reached()) == 2 * worked


def test_two_unknown_batches_stop_the_campaign_and_one_does_not(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 1
    dispatch.lose_answers(1)
    campaign = dispatch.released(1, 1, 1, 1)
    dispatch.send(campaign, rounds=2)
    assert dispatch.fresh(campaign).state == S.SENDING

    dispatch.lose_answers(1)
    stopped = dispatch.send(campaign)
    assert stopped.state == S.STOPPED
    assert "2 batches" in str(stopped.why_stopped)
    assert dispatch.counts(campaign)["unknown"] == 2
    assert dispatch.counts(campaign)["planned"] >= 1
    reached = len(dispatch.reached())
    dispatch.send(campaign, rounds=2)
    assert len(dispatch.reached()) == reached


def test_stopped_it_goes_on_by_a_person_with_a_reason_and_not_for_what_was_known(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 1
    dispatch.lose_answers(2)
    campaign = dispatch.send(dispatch.released(1, 1, 1, 1))
    assert campaign.state == S.STOPPED
    with pytest.raises(NotPromised, match="Give a reason"):
        resume(dispatch, campaign, reason=" ")

    resume(dispatch, campaign)
    assert dispatch.send(campaign).state == S.DONE
    assert dispatch.counts(campaign) == {"handed_over": 2, "unknown": 2}
    assert len(dispatch.reached()) == 4


@pytest.mark.parametrize(("failures", "state"), [(16, S.STOPPED), (15, S.DONE)])
def test_more_failures_than_the_company_bears_stop_the_campaign(dispatch, settings, failures, state):
    settings.OPERATION_TENANT_CONCURRENCY = 1
    campaign = dispatch.released(50, 1, 1)
    dispatch.turn(campaign)
    dispatch.mailroom.work()
    told(dispatch, campaign, 1, failed=failures, delivered=50 - failures)
    ended = dispatch.send(campaign)
    assert ended.state == state
    assert len(dispatch.reached()) == (50 if state == S.STOPPED else 52)


def test_a_few_ends_say_nothing_of_the_rest(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 1
    campaign = dispatch.released(49, 1, 1)
    dispatch.turn(campaign)
    dispatch.mailroom.work()
    told(dispatch, campaign, 1, failed=49)
    assert dispatch.send(campaign).state == S.DONE


def test_the_share_is_the_companys(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 1
    keep_rules(dispatch.connection.tenant_id, stop_above_percent=90)
    campaign = dispatch.released(50, 1, 1)
    dispatch.turn(campaign)
    dispatch.mailroom.work()
    told(dispatch, campaign, 1, rejected=40, delivered=10)
    assert dispatch.send(campaign).state == S.DONE


def test_batches_that_the_vendor_refuses_stop_the_campaign(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 1
    dispatch.mailroom.control.add_fault("status", status=400, method="POST", path="/send")
    campaign = dispatch.send(dispatch.released(60, 60, 60), rounds=4)
    assert campaign.state == S.STOPPED
    assert dispatch.counts(campaign) == {"refused": 60, "planned": 120}


def test_a_used_up_quota_is_waited_for(dispatch):
    dispatch.mailroom.control.put_account(
        dispatch.mailroom.client_id, quota_limit=1, quota_interval=1, quota_time_unit="hour"
    )
    campaign = dispatch.send(dispatch.released(1, 1, 1), rounds=3)
    assert campaign.state == S.SENDING
    assert len(dispatch.reached()) == 1
    assert campaign.due_at > timezone.now()
