"""A company's first page with live calls on it: who can be called, what is wrong since when, what it costs, how to begin."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.billing.contracts import agree, today
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from realtime.events.models import Event
from realtime.models import Extension, Grant, RealtimeAccount, Subscription
from realtime.usage import KEY
from tests.provisioning.pages import text_of
from tests.provisioning.samples import some_connection as some_video_connection
from tests.realtime.boards import ALL_SCOPES, Office
from tests.realtime.samples import some_connection, some_stray
from tests.sweep.test_queries import MOST_QUERIES, PUT_BACK

HOME = "/t/acme/"
STEPS = ["Connect live calls", "Read the directory", "See the first call on the live board"]
DAYS = timedelta(days=3, hours=1)


@pytest.fixture
def office(cast, db) -> Office:
    """Connected, read a moment ago, and with one telephone."""
    made = Office(cast.acme, cast.alice, [*ALL_SCOPES, "company.users"])
    made.extension("Reception", "201")
    with made.scope():
        RealtimeAccount.objects.update(read_at=timezone.now())
        yield made


@pytest.fixture
def home(client, cast):
    """Alice's first page."""
    client.force_login(cast.alice)
    return lambda: client.get(HOME)


def reasons(answer) -> list[str]:
    return [reason.text for reason in answer.context["standing"].reasons]


def todo(answer) -> dict[str, str]:
    """What is to be done, and where."""
    return {matter.text: matter.url for matter in answer.context["todo"]}


def steps_of(answer) -> list[bool]:
    return [step.done for step in answer.context["guide"].steps if step.title in STEPS]


def test_it_asks_nothing_more_than_without_live_calls(home, office):
    home()
    with CaptureQueriesContext(database) as asked:
        assert "1 extension" in text_of(home())
    (about,) = [query["sql"] for query in asked.captured_queries if "realtime_userlevel" in query["sql"]]
    assert 'from "vendors_connection"' in about.lower(), "the query of the connections"
    assert len(asked) <= MOST_QUERIES + PUT_BACK


def test_how_many_can_be_called_and_how_many_calls_go_on(home, office):
    office.call(office.extension("Desk", "202"), "+31612345678")
    office.call(Extension.objects.get(number="201"), "+31687654321", "ended")
    office.extension("Gone", "203", gone_at=timezone.now())
    page = text_of(home())
    assert "1 call in progress" in page
    assert "2 extensions" in page
    assert reasons(home()) == []


def test_a_company_without_live_calls_sees_nothing_of_it(home, cast, db):
    page = text_of(home())
    assert STEPS[2] not in page
    assert "in progress" not in page


def test_live_calls_are_told_of_however_many_connections_come_before_them(home, cast, office):
    for number in range(7):
        some_video_connection(cast.acme, f"A video {number}")
    Connection.objects.filter(pk=office.connection.pk).update(name="Z live")
    assert "Z live 0 calls in progress" in text_of(home())


def test_the_way_begins_with_connecting_and_ends_with_a_call(home, cast, db):
    with tenant_scope(cast.acme.pk):
        made = Office(cast.acme, cast.alice)
        assert steps_of(home()) == [False, False, False]
        made.grant(["company.users"])
        assert steps_of(home()) == [True, False, False]
        RealtimeAccount.objects.update(read_at=timezone.now())
        assert steps_of(home()) == [True, True, False]
        made.call(made.extension("Reception", "201"), state="ended")
        Grant.objects.update(state=Grant.State.ENDED)
        guide = home().context["guide"]
    assert guide is None or all(step.done for step in guide.steps if step.title in STEPS)


def test_a_lost_permission_is_told_with_its_age_and_the_way_back(home, office):
    Grant.objects.update(state=Grant.State.LOST, lost_at=timezone.now() - DAYS)
    answer = home()
    text = "The permission at Live calls was lost 3 days ago: calls are neither shown nor steered."
    assert todo(answer)[text] == f"/t/acme/live/connect/?connection={office.connection.pk}"
    assert answer.context["standing"].tone == "danger"


def test_a_persons_own_lost_permission_is_told_to_that_person_alone(home, office, cast, client):
    own = office.grant(["calls.manage.personal"], cast.vera)
    Grant.objects.filter(pk=own.pk).update(state=Grant.State.LOST, lost_at=timezone.now() - DAYS)
    text = "Your own permission at Live calls was lost 3 days ago."
    assert text not in reasons(home())
    client.force_login(cast.vera)
    assert text in reasons(client.get(HOME))


def test_what_nobody_connects_any_more_is_told(home, office):
    Grant.objects.update(state=Grant.State.ENDED)
    RealtimeAccount.objects.update(read_at=timezone.now() - DAYS)
    assert reasons(home()) == ["Live calls has no permission any more: the directory was last read 3 days ago."]


def test_a_permission_for_what_the_company_wants_is_told_as_missing(home, office):
    RealtimeAccount.objects.update(purposes=["directory", "events"])
    assert reasons(home()) == []
    Grant.objects.update(scopes=["company.users", "calls.events.presence"])
    assert reasons(home()) == ["Live calls tells less of calls than you want: a permission is missing."]


def test_events_that_nobody_follows_are_told_with_their_age(home, office):
    received = timezone.now() - timedelta(minutes=5, seconds=10)
    Event.objects.create(
        tenant=office.tenant, connection=office.connection, subscription_id=1, key="e", body=b"{}", received_at=received
    )
    assert reasons(home()) == ["The live board is late by 5 minutes (Live calls)."]


def test_a_directory_that_nobody_reads_is_told(home, office):
    RealtimeAccount.objects.update(read_at=timezone.now() - DAYS)
    assert reasons(home()) == ["Live calls was last read 3 days ago; what is shown may be out of date."]


def test_somebody_elses_subscription_is_told_with_its_age(home, office):
    stray = some_stray(office.connection)
    type(stray).objects.update(created_at=timezone.now() - DAYS)
    text = "Over Live calls somebody else is told of calls, for 3 days now: 1 subscription is not ours."
    assert todo(home())[text] == f"/t/acme/live/subscriptions/?connection={office.connection.pk}"


def test_a_vendor_that_refuses_to_tell_of_calls_is_told_until_it_does(home, office):
    own = {"tenant": office.tenant, "connection": office.connection, "grant": Grant.objects.get()}
    for days in (4, 2):
        Subscription.objects.create(**own, state="failed", ended_at=timezone.now() - timedelta(days=days, hours=1))
    text = "The vendor refused 2 days ago to tell of calls (Live calls): the live board stands still."
    answer = home()
    assert reasons(answer) == [text]
    assert answer.context["standing"].tone == "danger"
    Subscription.objects.create(**own, state="active")
    assert reasons(home()) == []


def test_what_the_month_costs_so_far_has_the_users_in_it(home, cast, office):
    office.extension("Desk", "202")
    RealtimeAccount.objects.update(read_at=timezone.now())
    agree(
        cast.acme,
        KEY,
        office.connection.pk,
        starts_on=today().replace(day=1),
        unit_price=Decimal("2.50"),
        acting_user=cast.adam,
    )
    bill = home().context["bill"]
    assert (bill.cost, [charge.peak for charge in bill.charges]) == (Decimal("5.00"), [2])


def test_eight_telephone_systems_cost_no_more_queries_than_one(home, cast, office):
    home()
    with CaptureQueriesContext(database) as with_one:
        home()
    for number in range(7):
        some_connection(cast.acme, f"Place {number}")
    with CaptureQueriesContext(database) as with_eight:
        page = text_of(home())
    assert len(with_eight) == len(with_one)
    assert "and 4 more" in page
