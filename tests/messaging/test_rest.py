"""A campaign that is half sent: its rest is sent at once when a person says so, and why."""

import pytest
from django.test import Client
from django.urls import reverse

from messaging.campaigns import release
from messaging.campaigns.rest import send_rest_now
from messaging.models import Batch, Campaign
from portal.audit.models import Entry
from portal.operations.refusals import NotPromised
from tests.messaging.dispatch import keep_rules
from tests.messaging.test_guards import around_now
from tests.messaging.test_steering import press

S = Campaign.State


@pytest.fixture
def half_sent(dispatch, settings) -> Campaign:
    """Its first batch has left; then quiet hours began."""
    settings.OPERATION_TENANT_CONCURRENCY = 1
    campaign = dispatch.released(1, 2, 3)
    dispatch.turn(campaign)
    dispatch.mailroom.work()
    keep_rules(dispatch.connection.tenant_id, **around_now(dispatch))
    campaign = dispatch.turn(campaign)
    assert len(dispatch.reached()) == 1
    return campaign


def stop(dispatch, campaign: Campaign) -> Campaign:
    with dispatch.scope():
        Campaign.objects.filter(pk=campaign.pk).update(
            state=S.STOPPED, stopped_because={"text": "Enough", "values": {}}
        )
    return dispatch.fresh(campaign)


def page(person, campaign: Campaign) -> str:
    client = Client()
    client.force_login(person)
    return client.get(reverse("messaging:campaign", args=["acme", campaign.pk])).content.decode()


def acts(dispatch, campaign: Campaign) -> list[tuple[str, str]]:
    with dispatch.scope():
        rows = Entry.objects.filter(object_type="messaging.campaign", object_id=str(campaign.pk)).order_by("pk")
        return list(rows.values_list("action", "reason"))[-2:]


@pytest.mark.parametrize("how", ["quiet hours", "paused", "stopped"])
def test_bob_sends_the_rest_now_whatever_holds_it(dispatch, half_sent, cast, how):
    campaign = half_sent
    if how == "paused":
        with dispatch.scope():
            release.pause(campaign, acting_user=cast.bob)
    elif how == "stopped":
        stop(dispatch, campaign)
    assert "5 messages have not left" in page(cast.bob, campaign)
    press(cast.bob, "campaign_rest_now", campaign.pk, reason="The hall is on fire")
    assert ("messaging.campaign_rest_sent_now", "The hall is on fire") in acts(dispatch, campaign)
    campaign = dispatch.send(campaign)
    assert campaign.state == S.DONE
    reached = dispatch.reached()
    assert len(reached) == len(set(reached)) == 6, "nobody is written to twice"


def test_without_a_reason_nothing_is_sent(dispatch, half_sent, cast):
    campaign = half_sent
    with dispatch.scope(), pytest.raises(NotPromised, match="Give a reason"):
        send_rest_now(campaign, reason=" ", acting_user=cast.bob)
    dispatch.send(campaign)
    assert len(dispatch.reached()) == 1


def test_what_may_have_left_is_no_rest(dispatch, half_sent, cast):
    campaign = half_sent
    with dispatch.scope():
        Batch.objects.filter(campaign=campaign, state=Batch.State.PLANNED).update(state=Batch.State.UNKNOWN)
        with pytest.raises(NotPromised, match="Nothing of this campaign is left"):
            send_rest_now(campaign, reason="Hurry", acting_user=cast.bob)


@pytest.mark.parametrize("state", [S.READY, S.AWAITING, S.DONE, S.CANCELLED])
def test_only_a_campaign_that_has_begun_and_is_not_over_has_a_rest(dispatch, cast, state):
    campaign = dispatch.planned(2)
    with dispatch.scope():
        Campaign.objects.filter(pk=campaign.pk).update(state=state)
        with pytest.raises(NotPromised, match="has begun and is not over"):
            send_rest_now(campaign, reason="Hurry", acting_user=cast.bob)
    assert "Send the rest now" not in page(cast.bob, dispatch.fresh(campaign))


def test_before_its_beginning_a_campaign_is_resumed_and_no_more(dispatch, cast):
    campaign = dispatch.released(2)
    with dispatch.scope():
        campaign = release.pause(campaign, acting_user=cast.bob)
        with pytest.raises(NotPromised, match="has begun and is not over"):
            send_rest_now(campaign, reason="Hurry", acting_user=cast.bob)
    assert "Send the rest now" not in page(cast.bob, dispatch.fresh(campaign))
    assert dispatch.fresh(campaign).ignores_quiet_hours is False


def test_who_looks_sees_no_such_button(half_sent, cast):
    assert "Send the rest now" not in page(cast.vera, half_sent)
