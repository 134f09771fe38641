"""Messages searched by number, one of them with its reports, their export, and the report day by day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Campaign, Destination, Message, OptOut, Report
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.messaging.mailroom import some_campaign
from tests.messaging.rows import lost, numbers, sent_campaign, some_connection
from tests.provisioning.pages import text_of

MESSAGES, DAYS = "/t/acme/sms/messages/", "/t/acme/sms/days/"
NUMBER = numbers(1)[0]


@pytest.fixture
def connection(cast, db):
    with tenant_scope(cast.acme.pk):
        yield some_connection(cast.acme)


@pytest.fixture
def vera(client, cast):
    client.force_login(cast.vera)
    return client


@pytest.mark.parametrize("written", ["06 12 00 00 01", "+31612000001", "0031 6 12000001", "31612000001"])
def test_a_number_is_found_in_any_form_over_all_campaigns(vera, connection, written):
    for name in ("Spring", "Summer"):
        sent_campaign(connection, {"delivered": 2}, name=name)
    page = vera.get(MESSAGES, {"q": written})
    assert [(one.number, one.campaign.name) for one in page.context["page"].items] == [
        (NUMBER, "Summer"),
        (NUMBER, "Spring"),
    ]


def test_what_is_no_number_is_said(vera, connection):
    sent_campaign(connection, {"delivered": 1})
    page = vera.get(MESSAGES, {"q": "Anna"})
    assert "This is no mobile number" in text_of(page)
    assert page.context["page"].items == []


def test_the_search_leads_to_the_messages_of_a_number(vera, connection):
    assert f"Messages to {NUMBER}" in text_of(vera.get("/t/acme/search/", {"q": "06 12000001"}))
    assert "Messages to" not in text_of(vera.get("/t/acme/search/", {"q": "Anna"}))


def test_a_campaign_is_found_by_its_name(vera, connection):
    some_campaign(connection, numbers(1), name="Winter coats")
    assert "Winter coats" in text_of(vera.get("/t/acme/search/", {"q": "coat"}))


def test_the_messages_of_a_campaign_by_state_and_code(vera, connection):
    campaign = sent_campaign(connection, {"delivered": 1, "failed": 2})
    sent_campaign(connection, {"failed": 1}, name="Other")
    page = vera.get(f"/t/acme/sms/campaigns/{campaign.pk}/messages/?state=failed&code=12")
    assert {one.campaign_id for one in page.context["page"].items} == {campaign.pk}
    assert len(page.context["page"].items) == 2


def test_the_export_of_a_campaign_has_each_message_with_state_code_and_times(vera, connection):
    campaign = sent_campaign(connection, {"delivered": 1, "failed": 1})
    Message.objects.filter(state="failed").update(code="002")
    sent_campaign(connection, {"delivered": 3}, name="Other")
    page = vera.get(f"/t/acme/sms/campaigns/{campaign.pk}/messages/")
    written = vera.get(page.context["list"].export_url).content.decode("utf-8-sig").splitlines()
    assert len(written) == 3
    delivered, failed = (line.split(",") for line in written[1:])
    assert (delivered[0], delivered[1], delivered[3]) == (NUMBER, "Delivered", "")
    assert failed[1:6:2] == ["Failed", "002", "Do not try this number again."]
    assert f"{timezone.now():%Y}" in delivered[11], "when the vendor took it"


# --- One message ------------------------------------------------------------------------------------------------------


def one(vera, **fields) -> str:
    message = Message.objects.get(number=NUMBER)
    return text_of(vera.get(f"{MESSAGES}{message.pk}/"))


def reported(message: Message, **fields) -> Report:
    values = {"status": "4", "code": "007", "body": b'{"StatusCode": "4", "Cell": "204"}', "more": {"Cell": "204"}}
    return Report.objects.create(
        tenant_id=message.tenant_id,
        connection=message.campaign.connection,
        digest=bytes(32),
        message_id=message.pk,
        outcome="applied",
        key_id="key-7",
        **(values | fields),
    )


def test_a_message_shows_its_text_and_its_reports_as_they_came(vera, connection):
    sent_campaign(connection, {"failed": 1}, text="Hello Anna")
    reported(Message.objects.get())
    page = one(vera)
    for told in (
        "Hello Anna",
        "Failed",
        "The telephone was out of reach",
        "key-7",
        "Cell 204",
        "&quot;StatusCode&quot;",
    ):
        assert told in page


def test_a_text_of_its_own_goes_before_the_campaigns(vera, connection):
    sent_campaign(connection, {"delivered": 1}, text="Hello {{ name }}")
    Message.objects.update(text="Hello Anna")
    assert "Hello Anna" in one(vera)


def test_a_removed_text_says_when_and_shows_no_body(vera, connection):
    sent_campaign(connection, {"failed": 1}, text="Hello Anna")
    reported(Message.objects.get(), body=b'{"Message": "Hello Anna"}')
    Campaign.objects.update(text_removed_at=timezone.now())
    page = one(vera)
    assert "Removed on" in page
    assert "Hello Anna" not in page


def test_silence_proves_nothing_and_the_page_says_so(vera, connection):
    sent_campaign(connection, {"handed_over": 1})
    assert "That proves nothing" in one(vera)


def test_a_number_on_the_do_not_send_list_is_told(vera, cast, connection):
    sent_campaign(connection, {"delivered": 1})
    OptOut.objects.create(tenant=cast.acme, number=NUMBER, source="reply")
    assert "on the do-not-send list" in one(vera)


# --- Day by day -------------------------------------------------------------------------------------------------------


def day_rows(vera, month: str) -> list[tuple]:
    days = vera.get(DAYS, {"month": month}).context["days"]
    return [
        (f"{row.day:%d}", row.messages, row.parts, row.delivered, row.failed, row.open, row.unknown) for row in days
    ]


def test_each_local_day_says_what_was_sent_and_what_became_of_it(vera, cast, connection):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(time_zone="Europe/Amsterdam")
    midnight = datetime(2026, 3, 9, 23, tzinfo=UTC)
    sent_campaign(connection, {"delivered": 3, "failed": 1}, midnight - timedelta(seconds=1))
    sent_campaign(connection, {"delivered": 1, "expired": 1, "accepted": 2}, midnight)
    lost(some_campaign(connection, numbers(5)).batches.get(), midnight + timedelta(hours=1))
    assert day_rows(vera, "2026-03") == [("10", 4, 4, 1, 1, 2, 5), ("09", 4, 4, 3, 1, 0, 0)]
    total = vera.get(DAYS, {"month": "2026-03"}).context["total"]
    assert (total.messages, total.delivered, total.unknown, total.delivered_percent) == (8, 4, 5, 50.0)
    assert day_rows(vera, "2026-02") == []


def test_its_price_is_known_once_all_of_it_is_agreed(vera, connection):
    at = datetime(2026, 3, 9, 12, tzinfo=UTC)
    sent_campaign(connection, {"delivered": 3}, at)
    (row,) = vera.get(DAYS, {"month": "2026-03"}).context["days"]
    assert row.eur is None
    Destination.objects.update(unit_price=Decimal("0.0525"))
    (row,) = vera.get(DAYS, {"month": "2026-03"}).context["days"]
    assert row.eur == Decimal("0.1575")


def test_it_comes_as_a_file(vera, connection):
    sent_campaign(connection, {"delivered": 3, "failed": 1}, datetime(2026, 3, 9, 12, tzinfo=UTC))
    answer = vera.get("/t/acme/sms/days.csv", {"month": "2026-03"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sms-acme-2026-03.csv"'
    assert answer.content.decode("utf-8-sig").splitlines()[1] == "2026-03-09,SMS,4,4,3,75.0,1,0,0,"


@pytest.mark.parametrize("month", ["", "soon", "2026-13", "9999-01", "-"])
def test_what_is_no_month_is_the_running_one(vera, connection, month):
    assert vera.get(DAYS, {"month": month}).context["after"] is None


def test_more_days_cost_no_more_queries(vera, connection):
    def cost() -> int:
        with CaptureQueriesContext(database) as asked:
            vera.get(DAYS, {"month": "2026-03"})
        return len(asked)

    sent_campaign(connection, {"delivered": 1}, datetime(2026, 3, 1, 12, tzinfo=UTC))
    few = cost()
    for day in range(2, 20):
        sent_campaign(connection, {"delivered": 1}, datetime(2026, 3, day, 12, tzinfo=UTC))
    assert cost() == few
