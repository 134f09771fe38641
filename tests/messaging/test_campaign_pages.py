"""The pages of campaigns: what they say of each state, that their numbers sum to the recipients, and what they cost."""

import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Batch, Campaign, Message, MessageState
from portal.audit.trail import record
from portal.operations.models import Operation
from portal.sentences import Sentence
from portal.tenancy.scope import tenant_scope
from tests.messaging.mailroom import some_campaign
from tests.messaging.rows import lost, numbers, report, sent_campaign, some_connection, taken
from tests.provisioning.pages import text_of
from tests.sweep.test_queries import MOST_QUERIES, PUT_BACK

LIST = "/t/acme/sms/"


@pytest.fixture
def connection(cast, db):
    with tenant_scope(cast.acme.pk):
        yield some_connection(cast.acme)


@pytest.fixture
def vera(client, cast):
    client.force_login(cast.vera)
    return client


def page_of(campaign: Campaign) -> str:
    return f"/t/acme/sms/campaigns/{campaign.pk}/"


def cost_of(client, url: str) -> int:
    with CaptureQueriesContext(database) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


# --- The list ---------------------------------------------------------------------------------------------------------


def test_the_list_says_how_far_each_campaign_is(vera, connection):
    sent_campaign(connection, {"delivered": 3, "failed": 1}, name="Spring")
    page = vera.get(LIST)
    assert "Spring Sent Acme 4" in text_of(page)
    assert 'aria-label="Delivered: 3, Failed: 1"' in page.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Spring", "Summer"}),
        ("q=spr", {"Spring"}),
        ("state=stopped", {"Summer"}),
        ("state=person", {"Summer"}),
        ("state=living", {"Summer"}),
        ("until=2020-01-01", set()),
    ],
)
def test_the_list_is_narrowed_by_the_address(vera, connection, query, found):
    sent_campaign(connection, {"delivered": 1}, name="Spring")
    some_campaign(connection, numbers(1), name="Summer", state="stopped")
    listed = {campaign.name for campaign, _tally in vera.get(f"{LIST}?{query}").context["rows"]}
    assert listed == found


def test_the_list_is_narrowed_by_connection_and_person(vera, cast, connection):
    other = some_connection(cast.acme, "Other")
    some_campaign(other, numbers(1), name="Theirs", created_by=cast.bob)
    some_campaign(connection, numbers(1), name="Ours")
    for query in (f"connection={other.pk}", f"by={cast.bob.pk}"):
        assert [one.name for one, _tally in vera.get(f"{LIST}?{query}").context["rows"]] == ["Theirs"]


# --- One --------------------------------------------------------------------------------------------------------------


def test_the_numbers_sum_to_the_recipients(vera, connection):
    states = {state: place + 1 for place, state in enumerate(MessageState.values)}
    campaign = sent_campaign(connection, states)
    shown = vera.get(page_of(campaign)).context["shown"]
    assert {row.state: row.count for row in shown.tally.rows} == states
    assert shown.tally.total == campaign.recipients
    assert sum(share.count for share in shown.tally.shares) == campaign.recipients
    assert sum(share.width for share in shown.tally.shares) == pytest.approx(100, abs=0.01)


def test_what_is_paused_says_by_whom(vera, cast, connection):
    campaign = some_campaign(connection, numbers(2), state="paused")
    record("messaging.campaign_paused", campaign, acting_user=cast.bob)
    assert "Paused by bob@example.com." in text_of(vera.get(page_of(campaign)))


def test_what_stopped_says_why(vera, connection):
    why = Sentence("Two batches are unknown.").as_json()
    campaign = some_campaign(connection, numbers(2), state="stopped", stopped_because=why)
    page = text_of(vera.get(page_of(campaign)))
    assert "Stopped by itself" in page
    assert "Two batches are unknown. Nothing more leaves until somebody resumes it." in page


def test_what_waits_for_a_second_person_says_who_released_it(vera, cast, connection):
    campaign = some_campaign(connection, numbers(2), state="awaiting", released_by=cast.bob, released_at=timezone.now())
    assert "Bob" in vera.get(page_of(campaign)).context["shown"].standing.happened


def test_what_starts_later_says_when(vera, connection):
    starts = timezone.now() + timedelta(days=2)
    campaign = some_campaign(connection, numbers(2), state="scheduled", starts_at=starts)
    assert "It starts on" in text_of(vera.get(page_of(campaign)))


def test_a_connection_that_is_off_is_why_nothing_leaves(vera, connection):
    connection.enabled = False
    connection.save(update_fields=["enabled"])
    campaign = some_campaign(connection, numbers(2), state="sending")
    assert "SMS is switched off." in text_of(vera.get(page_of(campaign)))


def test_unknown_batches_stand_first_and_lead_to_what_can_be_done(vera, connection):
    campaign = some_campaign(connection, numbers(3), state="sending")
    Batch.objects.create(tenant_id=connection.tenant_id, campaign=campaign, number=2)
    second = Batch.objects.get(campaign=campaign, number=2)
    Message.objects.filter(number=numbers(3)[2]).update(batch=second)
    taken(campaign.batches.get(number=1))
    lost(second)
    shown = vera.get(page_of(campaign)).context["shown"]
    assert [(row.batch.number, row.batch.state) for row in shown.rows] == [(2, "unknown"), (1, "done")]
    page = text_of(vera.get(f"/t/acme/sms/batches/{second.pk}/"))
    assert "Nobody knows whether this batch left" in page
    assert "1 message has no report" in page
    assert "A report may still prove it." in page
    Operation.objects.update(status="needs_person")
    assert "An owner or an admin can send it again." in text_of(vera.get(f"/t/acme/sms/batches/{second.pk}/"))


def test_many_batches_are_shown_when_they_are_asked_for(vera, connection):
    campaign = some_campaign(connection, numbers(2))
    Batch.objects.bulk_create(
        Batch(tenant_id=connection.tenant_id, campaign=campaign, number=number) for number in range(2, 40)
    )
    assert len(vera.get(page_of(campaign)).context["shown"].rows) == 20
    assert "Show all batches" in text_of(vera.get(page_of(campaign)))
    assert len(vera.get(page_of(campaign) + "?batches=all").context["shown"].rows) == 39


def test_codes_are_told_in_plain_words(vera, connection):
    campaign = sent_campaign(connection, {"delivered": 1, "failed": 2})
    Message.objects.filter(state="failed").update(code="002")
    page = text_of(vera.get(page_of(campaign)))
    assert "002 The number does not exist Do not try this number again. 2" in page


# --- What moves -------------------------------------------------------------------------------------------------------


def polled(page) -> bool:
    return bool(re.search(r'id="campaign" hx-get=', page.content.decode()))


def test_the_page_looks_again_while_anything_moves_and_stops_by_itself(vera, connection):
    campaign = some_campaign(connection, numbers(2), state="sending")
    assert polled(vera.get(page_of(campaign)))
    taken(campaign.batches.get())
    report(campaign, {"handed_over": 2})
    Campaign.objects.update(state="done")
    assert polled(vera.get(page_of(campaign))), "reports may still come"
    report(campaign, {"delivered": 2})
    assert not polled(vera.get(page_of(campaign)))


def test_reports_that_are_overdue_are_not_waited_for(vera, connection):
    campaign = sent_campaign(connection, {"handed_over": 2}, timezone.now() - timedelta(days=9))
    assert not polled(vera.get(page_of(campaign)))


def test_another_state_reads_the_whole_page_anew(vera, connection):
    campaign = some_campaign(connection, numbers(2), state="sending")
    now = page_of(campaign) + "now/"
    assert 'id="campaign"' in vera.get(f"{now}?state=sending", headers={"HX-Request": "true"}).content.decode()
    Campaign.objects.update(state="stopped")
    answer = vera.get(f"{now}?state=sending", headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


# --- What it costs ----------------------------------------------------------------------------------------------------


def test_a_page_costs_the_same_at_any_size(vera, connection):
    small = sent_campaign(connection, {"delivered": 1, "failed": 1})
    large = sent_campaign(connection, {"delivered": 300, "failed": 300})
    Batch.objects.bulk_create(
        Batch(tenant_id=connection.tenant_id, campaign=large, number=number) for number in range(2, 100)
    )
    for state in ("done", "sending"):
        Campaign.objects.update(state=state)
        first = cost_of(vera, page_of(small))
        assert cost_of(vera, page_of(large)) == first <= MOST_QUERIES + PUT_BACK


def test_a_stranger_finds_nothing(client, cast, connection):
    campaign = sent_campaign(connection, {"delivered": 1})
    client.force_login(cast.charlie)
    for url in (page_of(campaign), f"/t/globex/sms/campaigns/{campaign.pk}/"):
        assert client.get(url).status_code == 404
