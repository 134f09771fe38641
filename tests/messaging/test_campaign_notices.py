"""What wants a person is told while it is so, and only then."""

import pytest
from django.utils import timezone

from messaging.models import Batch, Campaign, DaySum
from messaging.notices.campaigns import campaign_finished
from portal.notices.models import Delivery, Notice
from portal.notices.watching import look_around
from portal.sentences import Sentence
from portal.tenancy.scope import tenant_scope
from tests.messaging.mailroom import some_campaign
from tests.messaging.rows import lost, numbers, some_connection
from tests.provisioning.pages import text_of


@pytest.fixture
def connection(cast, db):
    with tenant_scope(cast.acme.pk):
        return some_connection(cast.acme)


def told(cast) -> list[tuple[str, bool]]:
    """(kind, whether it is open) of each notice."""
    look_around()
    with tenant_scope(cast.acme.pk):
        return [(one.kind, one.resolved_at is None) for one in Notice.objects.order_by("pk")]


def test_a_campaign_that_stopped_is_told_until_somebody_decided(cast, connection, client):
    with tenant_scope(cast.acme.pk):
        why = Sentence("Two batches are unknown.").as_json()
        some_campaign(connection, numbers(1), state="stopped", stopped_because=why)
    assert told(cast) == [("messaging.campaign_stopped", True)]
    client.force_login(cast.bob)
    page = text_of(client.get("/t/acme/notices/"))
    assert "The campaign “Spring” stopped by itself" in page
    assert "Two batches are unknown. Nothing more leaves" in page
    with tenant_scope(cast.acme.pk):
        Campaign.objects.update(state="sending")
    assert told(cast) == [("messaging.campaign_stopped", False)]


def test_who_may_confirm_is_told_that_a_campaign_waits(cast, connection):
    with tenant_scope(cast.acme.pk):
        some_campaign(connection, numbers(2), state="awaiting", released_by=cast.bob)
    assert told(cast) == [("messaging.campaign_awaiting", True)]
    with tenant_scope(cast.acme.pk):
        hears = set(Delivery.objects.values_list("user__name", flat=True))
    assert {"Alice", "Adam"} <= hears
    assert "Bob" not in hears


def test_unknown_batches_of_a_campaign_are_one_notice(cast, connection):
    with tenant_scope(cast.acme.pk):
        campaign = some_campaign(connection, numbers(2), state="sending")
        lost(campaign.batches.get())
        Batch.objects.create(tenant=cast.acme, campaign=campaign, number=2, state="unknown")
    assert told(cast) == [("messaging.batch_unknown", True)]
    with tenant_scope(cast.acme.pk):
        Batch.objects.update(state="done")
    assert told(cast) == [("messaging.batch_unknown", False)]


@pytest.mark.parametrize(("recipients", "is_told"), [(8_999, False), (9_000, True)])
def test_a_day_that_is_nearly_full_is_told(cast, connection, recipients, is_told):
    with tenant_scope(cast.acme.pk):
        day = timezone.now().astimezone(cast.acme.zone).date()
        DaySum.objects.create(tenant=cast.acme, day=day, recipients=recipients)
    assert told(cast) == ([("messaging.day_nearly_full", True)] if is_told else [])


def test_that_a_campaign_is_sent_is_news(cast, connection, client):
    with tenant_scope(cast.acme.pk):
        campaign_finished(some_campaign(connection, numbers(3), state="done"))
    client.force_login(cast.bob)
    assert "It went to 3 recipients" in text_of(client.get("/t/acme/notices/"))
