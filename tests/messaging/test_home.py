"""A company's first page with messaging on it: what is being sent, the day's bounds, what wants a person, what it costs."""

from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Campaign, DaySum, SmsAccount, SmsRules
from messaging.usage import KEY
from portal.billing.contracts import agree, today
from portal.tenancy.scope import tenant_scope
from tests.messaging.mailroom import some_campaign
from tests.messaging.rows import destination, lost, numbers, report, sent_campaign, some_connection
from tests.provisioning.pages import text_of
from tests.sweep.test_queries import MOST_QUERIES, PUT_BACK

HOME = "/t/acme/"
STEP = "Send the first SMS"


@pytest.fixture
def connection(cast, db):
    with tenant_scope(cast.acme.pk):
        yield some_connection(cast.acme)


@pytest.fixture
def home(client, cast):
    """Alice's first page."""
    client.force_login(cast.alice)
    return lambda: client.get(HOME)


def todo(answer) -> list[str]:
    return [matter.text for matter in answer.context["todo"]]


def test_it_asks_nothing_more_than_without_messaging(home, connection):
    sent_campaign(connection, {"delivered": 2})
    with CaptureQueriesContext(database) as asked:
        assert "Today: 2 messages, 2 parts" in text_of(home())
    (about,) = [query["sql"] for query in asked.captured_queries if "messaging_daysum" in query["sql"]]
    assert 'from "vendors_connection"' in about.lower(), "the query of the connections"
    assert len(asked) <= MOST_QUERIES + PUT_BACK


def test_a_company_without_messaging_sees_nothing_of_it(home, db):
    page = text_of(home())
    assert STEP not in page
    assert "Nothing is being sent" not in page


def test_what_is_being_sent_and_what_is_used_of_the_day(home, cast, connection):
    SmsRules.objects.create(tenant=cast.acme, most_recipients_a_day=100, most_eur_a_day=Decimal("20"))
    day = timezone.now().astimezone(cast.acme.zone).date()
    DaySum.objects.create(tenant=cast.acme, day=day, recipients=40, eur=Decimal("3.50"))
    campaign = some_campaign(connection, numbers(3), name="Spring", state="sending")
    report(campaign, {"delivered": 1})
    page = text_of(home())
    assert "Delivered: 1 Waiting: 2 Sending" in page
    assert "Recipients of today's bound 40 of 100" in page.replace("&#x27;", "'")
    assert "€ 3.50 of € 20.00 that may be spent today" in page


def test_what_wants_a_person_is_to_be_done(home, connection):
    stopped = some_campaign(connection, numbers(1), name="Stopped", state="stopped")
    some_campaign(connection, numbers(1), name="Awaiting", state="awaiting")
    lost(some_campaign(connection, numbers(1), name="Lost", state="sending").batches.get())
    answer = home()
    assert todo(answer)[:2] == [
        "1 campaign stopped by itself.",
        "Of 1 batch of messages nobody knows whether it left.",
    ]
    assert "1 campaign waits for a second person." in todo(answer)
    (matter,) = [matter for matter in answer.context["todo"] if "stopped" in matter.text]
    assert matter.url == f"/t/acme/sms/campaigns/{stopped.pk}/"
    assert answer.context["standing"].tone == "danger"


def test_silence_and_a_day_that_is_nearly_full_are_told(home, cast, connection):
    SmsAccount.objects.update(silent_since=timezone.now())
    day = timezone.now().astimezone(cast.acme.zone).date()
    DaySum.objects.create(tenant=cast.acme, day=day, recipients=9_500)
    told = [reason.text for reason in home().context["standing"].reasons]
    assert "No delivery reports come over SMS." in told
    assert "95% of what may be sent today is set aside." in told


def test_the_first_campaign_is_a_step_that_stays_done(home, connection):
    assert STEP in text_of(home())
    campaign = sent_campaign(connection, {"delivered": 1}, timezone.now())
    guide = home().context["guide"]
    assert [step.done for step in guide.steps if step.title == STEP] == [True]
    assert Campaign.objects.get(pk=campaign.pk).began_at


def test_what_the_month_costs_so_far_has_the_parts_in_it(home, cast, connection):
    agree(
        cast.acme,
        KEY,
        destination(connection).pk,
        starts_on=today().replace(day=1),
        unit_price=Decimal("0.10"),
        acting_user=cast.adam,
    )
    sent_campaign(connection, {"delivered": 5})
    lost(some_campaign(connection, numbers(2)).batches.get())
    answer = home()
    (charge,) = answer.context["bill"].charges
    assert (charge.peak, charge.peak_at_most, charge.cost, charge.cost_at_most) == (
        5,
        7,
        Decimal("0.50"),
        Decimal("0.70"),
    )
    assert "counted so far" in text_of(answer)
