"""Texts are removed when the company's time is over; who was sent to, and what became of it, stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.campaigns import retention
from messaging.models import AudienceFile, Campaign, Message, RejectedLine
from tests.messaging.dispatch import keep_rules


@pytest.fixture
def ended(dispatch) -> Campaign:
    """Ninety-one days ago, with a text for one of its three, a bad line, and the list as it was given."""
    campaign = dispatch.send(dispatch.released(3))
    with dispatch.scope():
        first = Message.objects.order_by("pk").first()
        Message.objects.filter(pk=first.pk).update(text="Hello Ann", state="delivered")
        RejectedLine.objects.create(
            tenant_id=campaign.tenant_id, campaign=campaign, line=4, value="060123", kind="invalid"
        )
        AudienceFile.objects.create(tenant_id=campaign.tenant_id, campaign=campaign, content=b"0612345678")
        Campaign.objects.update(ended_at=timezone.now() - timedelta(days=91))
    return campaign


def kept(dispatch) -> list[str]:
    with dispatch.scope():
        texts = [*Message.objects.values_list("text", flat=True), *Campaign.objects.values_list("text", flat=True)]
        texts += RejectedLine.objects.values_list("value", flat=True)
        return [text for text in texts if text] + ["file"] * AudienceFile.objects.count()


def test_after_its_time_no_text_is_left_and_every_count_is(dispatch, ended, monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    before = dispatch.counts(ended)
    assert retention.remove_old_texts() == 1

    assert kept(dispatch) == []
    assert dispatch.counts(ended) == before == {"handed_over": 2, "delivered": 1}
    assert dispatch.fresh(ended).text_removed_at is not None
    with dispatch.scope():
        assert RejectedLine.objects.get().kind == "invalid"
    assert retention.remove_old_texts() == 0


def test_within_the_companys_time_everything_stays(dispatch, ended):
    keep_rules(ended.tenant_id, keep_text_days=92)
    assert retention.remove_old_texts() == 0
    assert len(kept(dispatch)) == 4


def test_what_is_still_on_its_way_keeps_its_text(dispatch, ended):
    with dispatch.scope():
        Campaign.objects.update(ended_at=None)
    assert retention.remove_old_texts() == 0
    assert len(kept(dispatch)) == 4
