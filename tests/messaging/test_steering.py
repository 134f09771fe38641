"""The buttons of a campaign on its way: who may press them, and what they say."""

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import Campaign
from tests.messaging.dispatch import keep_rules

S = Campaign.State


def press(person, name: str, pk: int, **data: object):
    client = Client()
    client.force_login(person)
    return client.post(reverse(f"messaging:{name}", args=["acme", pk]), data)


def test_bob_releases_what_he_looked_at_and_his_second_click_is_told_so(dispatch, cast):
    campaign = dispatch.planned(2)
    seen = {"planned_at": campaign.planned_at.isoformat()}
    assert press(cast.bob, "campaign_release", campaign.pk, **seen).status_code == 302
    assert dispatch.fresh(campaign).state == S.SCHEDULED
    again = press(cast.bob, "campaign_release", campaign.pk, **seen)
    assert again.url == reverse("messaging:campaign", args=["acme", campaign.pk])
    dispatch.send(campaign)
    assert len(dispatch.reached()) == 2


@pytest.mark.parametrize("seen", ["", "yesterday", "2026-99-99T00:00:00+00:00", "2026-01-01T00:00:00+00:00"])
def test_what_was_not_looked_at_is_not_released(dispatch, cast, seen):
    campaign = dispatch.planned(2)
    press(cast.bob, "campaign_release", campaign.pk, planned_at=seen)
    assert dispatch.fresh(campaign).state == S.READY


def test_an_admin_confirms_and_an_operator_does_not(dispatch, cast):
    keep_rules(cast.acme.pk, second_person_above=1)
    campaign = dispatch.released(2)
    assert press(cast.bob, "campaign_confirm", campaign.pk).status_code == 403
    press(cast.adam, "campaign_confirm", campaign.pk)
    assert dispatch.fresh(campaign).state == S.SCHEDULED


def test_paused_resumed_and_cancelled(dispatch, cast):
    campaign = dispatch.released(2)
    for name, state in (
        ("campaign_pause", S.PAUSED),
        ("campaign_resume", S.SCHEDULED),
        ("campaign_cancel", S.CANCELLED),
    ):
        assert press(cast.bob, name, campaign.pk).status_code == 302
        assert dispatch.fresh(campaign).state == state


STEERING = ["campaign_release", "campaign_pause", "campaign_resume", "campaign_rest_now", "campaign_cancel"]


@pytest.mark.parametrize("name", STEERING)
def test_who_looks_does_not_steer_and_a_stranger_finds_nothing(dispatch, cast, name):
    campaign = dispatch.planned(1)
    assert press(cast.vera, name, campaign.pk).status_code == 403
    assert press(cast.charlie, name, campaign.pk).status_code == 404


def test_an_admin_sends_a_batch_again_warned_of_how_many_may_get_it_twice(dispatch, cast):
    dispatch.lose_answers()
    campaign = dispatch.released(2)
    dispatch.turn(campaign)
    dispatch.mailroom.work_once()
    dispatch.give_up_looking()
    batch = dispatch.batch(campaign)

    assert press(cast.bob, "batch_send_again", batch.pk).status_code == 403
    asked = press(cast.adam, "batch_send_again", batch.pk)
    assert asked.status_code == 200
    assert "2 recipients without a report may get the message twice" in asked.content.decode()

    data = {"reason": "Nobody came", "may_get_twice": 2, "form_key": asked.context["form"].fields["form_key"].initial()}
    assert press(cast.adam, "batch_send_again", batch.pk, **data | {"reason": ""}).status_code == 422
    assert press(cast.adam, "batch_send_again", batch.pk, **data).status_code == 302
    dispatch.mailroom.work()
    assert len(dispatch.reached()) == 4
