"""Parts of SMS as meters: what the vendor took in a contract's month, and what it may come to while a batch is unknown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Batch, Message, PartsSent, Sending
from messaging.usage import KEY, KIND, PartMeters, names
from portal.billing.books import books_of
from portal.billing.contracts import agree, today
from portal.billing.lines import charged_lines
from portal.billing.months import month, month_of
from portal.billing.staff_forms import meters_of
from portal.tenancy.scope import tenant_scope
from tests.messaging.mailroom import some_campaign
from tests.messaging.rows import destination, lost, numbers, sent_campaign, some_connection, taken

# When November 2026 begins in Amsterdam.
read, history, blockers = KIND.read, KIND.history, KIND.blockers
EDGE = datetime(2026, 10, 31, 23, tzinfo=UTC)
OCTOBER, NOVEMBER = month(2026, 10), month(2026, 11)


@pytest.fixture
def connection(cast, db):
    with tenant_scope(cast.acme.pk):
        yield some_connection(cast.acme)


def values(tenant, period) -> dict[str, tuple[int, int]]:
    return {one.label: (one.value, one.at_most) for one in read(tenant.pk, period)}


def test_what_was_sent_is_counted_by_destination(cast, connection):
    campaign = some_campaign(connection, numbers(3))
    Message.objects.filter(number=numbers(1)[0]).update(country="BE", parts=4)
    taken(campaign.batches.get())
    now = month_of(timezone.now())
    assert values(cast.acme, now) == {"SMS: Netherlands": (2, 2), "SMS: Belgium": (4, 4)}
    assert set(names([one.object_id for one in read(cast.acme.pk, now)]).values()) == set(values(cast.acme, now))


def test_a_month_ends_at_midnight_in_amsterdam(cast, connection):
    for count, at in ((1, EDGE - timedelta(microseconds=1)), (2, EDGE), (4, EDGE + timedelta(days=12))):
        sent_campaign(connection, {"delivered": count}, at)
    assert values(cast.acme, OCTOBER) == {"SMS: Netherlands": (1, 1)}
    assert values(cast.acme, NOVEMBER) == {"SMS: Netherlands": (6, 6)}


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns"])
def test_sums_are_exact_by_any_calendar(cast, connection, zone):
    random, place = Random(7), ZoneInfo(zone)
    written = [EDGE + timedelta(seconds=random.randrange(-90 * 86_400, 90 * 86_400)) for _ in range(300)]
    written += [EDGE + timedelta(minutes=minutes) for minutes in range(-1000, 1000, 5)]
    _write(connection, written)
    periods = [*(month(2026, number, place) for number in range(8, 13)), month(2027, 1, place)]
    truth = [sum(parts for parts, at in enumerate(written, 1) if at in period) for period in periods]
    assert list(history(cast.acme.pk, periods).values()) == [truth]
    read_together = PartMeters(cast.acme.pk, periods[0].start.date()).read([(period, None) for period in periods])
    assert [reading.value for (reading,) in read_together] == truth


def _write(connection, moments) -> None:
    """A batch for each, of 1, 2, 3… parts."""
    own = {"tenant_id": connection.tenant_id}
    campaign = some_campaign(connection, [])
    batches = Batch.objects.bulk_create(
        Batch(**own, campaign=campaign, number=number) for number, _at in enumerate(moments, 2)
    )
    sendings = Sending.objects.bulk_create(
        Sending(**own, batch=batch, connection=connection, number=1, messages=1) for batch in batches
    )
    place = destination(connection)
    PartsSent.objects.bulk_create(
        PartsSent(**own, destination=place, batch=sending.batch, sending=sending, sent_at=at, messages=1, parts=parts)
        for parts, (at, sending) in enumerate(zip(moments, sendings, strict=True), 1)
    )


def test_while_a_batch_is_unknown_the_month_is_an_interval_and_stays_open(cast, connection):
    sent_campaign(connection, {"delivered": 2}, EDGE + timedelta(days=1))
    unknown = some_campaign(connection, numbers(3, first=50), name="Winter")
    lost(unknown.batches.get(), EDGE + timedelta(days=2))
    assert values(cast.acme, NOVEMBER) == {"SMS: Netherlands": (2, 5)}
    (reading,) = read(cast.acme.pk, NOVEMBER)
    assert [(one.text, one.quantity, one.condition, one.object_id) for one in reading.unsettled] == [
        ("Winter, 1", 3, "unknown", unknown.pk)
    ]
    (blocker,) = blockers(cast.acme.pk, NOVEMBER)
    assert str(blocker.text) == "It is not known whether a batch left: Winter, 1."
    assert blocker.url == f"/t/acme/sms/campaigns/{unknown.pk}/"
    assert values(cast.acme, OCTOBER) == {}
    assert blockers(cast.acme.pk, OCTOBER) == []


def test_what_a_report_proves_counts_when_it_left(cast, connection):
    batch = some_campaign(connection, numbers(3)).batches.get()
    sending = lost(batch, EDGE - timedelta(minutes=5))
    Batch.objects.update(state=Batch.State.DONE)
    own = {"tenant": cast.acme, "destination": destination(connection), "batch": batch, "sending": sending}
    PartsSent.objects.create(
        **own, sent_at=sending.started_at, recorded_at=EDGE + timedelta(days=3), messages=3, parts=3
    )
    assert values(cast.acme, OCTOBER) == {"SMS: Netherlands": (3, 3)}
    assert blockers(cast.acme.pk, OCTOBER) == []


def test_it_is_a_line_of_the_statement_at_the_agreed_price(cast, connection):
    sent_campaign(connection, {"delivered": 40, "failed": 10})
    first, place = today().replace(day=1), destination(connection)
    agree(cast.acme, KEY, place.pk, starts_on=first, unit_price=Decimal("0.0525"), free_units=10, acting_user=cast.adam)
    with CaptureQueriesContext(database) as asked:
        (line,) = charged_lines(books_of(cast.acme.pk, first), [first])[first]
    assert (line.kind, line.label, line.reading.value, line.charged) == ("sum", "SMS: Netherlands", 50, 40)
    assert line.amount == Decimal("2.10")
    assert len(asked) == 2, "that of the books, and one of another app"
    assert dict(meters_of(cast.acme)) == {f"{KEY}:{place.pk}": "Parts of SMS, SMS: Netherlands"}
    place.refresh_from_db()
    assert place.unit_price == Decimal("0.0525"), "what a campaign is told to cost"


def test_more_destinations_cost_no_more_queries(cast, connection):
    for number in range(5):
        sent_campaign(some_connection(cast.acme, f"SMS {number}"), {"delivered": 1})
    with CaptureQueriesContext(database) as asked:
        assert len(read(cast.acme.pk, month_of(timezone.now()))) == 5
    assert len(asked) == 1


def test_another_company_sees_nothing_of_it(cast, connection):
    sent_campaign(connection, {"delivered": 1})
    with tenant_scope(cast.globex.pk):
        assert read(cast.globex.pk, month_of(timezone.now())) == []
