"""A company's first page with telephony on it: what is wrong, what it costs, how many accounts, and the first of them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.billing.contracts import agree, today
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from telephony.models import MirrorState
from telephony.usage import KEY
from tests.provisioning.pages import text_of
from tests.provisioning.samples import some_connection as some_video_connection
from tests.telephony.samples import some_account, some_connection, some_difference

HOME = "/t/acme/"
STEP = "Create the first SIP account"


@pytest.fixture
def home(client, cast):
    """Alice's first page."""
    client.force_login(cast.alice)
    return lambda: client.get(HOME)


def todo(answer) -> list[str]:
    return [matter.text for matter in answer.context["todo"]]


def test_it_asks_nothing_more_than_without_telephony(home, cast, telephone):
    with CaptureQueriesContext(connection) as asked:
        assert "0 SIP accounts" in text_of(home())
    (about,) = [query["sql"] for query in asked.captured_queries if "telephony_siplevel" in query["sql"]]
    assert 'from "vendors_connection"' in about.lower(), "the query of the connections"


@pytest.fixture
def many(cast, db):
    """Eight connections: six of video come first by name, two of telephony last, with 3 and 2 accounts."""
    with tenant_scope(cast.acme.pk):
        for number in range(6):
            some_video_connection(cast.acme, f"A video {number}")
        for name, accounts in (("Y telephones", 3), ("Z telephones", 2)):
            at = some_connection(cast.acme, name)
            for number in range(accounts):
                some_account(at, cast.bob, f"phone{number}")
    return cast.acme


def test_telephony_is_told_of_however_many_connections_come_before_it(home, cast, many):
    with tenant_scope(many.pk):
        last = Connection.objects.get(name="Z telephones")
        some_difference(last)
        MirrorState.objects.update(read_at=timezone.now() - timedelta(days=2))
    home()
    with CaptureQueriesContext(connection) as asked:
        answer = home()
    page = text_of(answer)
    assert "Y telephones 3 SIP accounts Z telephones 2 SIP accounts" in page
    assert [step.done for step in answer.context["guide"].steps if step.title == STEP] == [True]
    assert "1 difference between the portal and the vendor is open." in todo(answer)
    assert any(
        reason.text.startswith("2 connections have not been read") for reason in answer.context["standing"].reasons
    )
    said = [query["sql"] for query in asked.captured_queries if not query["sql"].startswith(("BEGIN", "COMMIT"))]
    assert len(said) <= 12


def test_eight_connections_of_telephony_cost_no_more_queries_than_one(home, cast, telephone):
    home()
    with CaptureQueriesContext(connection) as with_one:
        home()
    with tenant_scope(cast.acme.pk):
        for number in range(7):
            some_account(some_connection(cast.acme, f"Place {number}"), cast.bob, "reception")
    with CaptureQueriesContext(connection) as with_eight:
        page = text_of(home())
    assert len(with_eight) == len(with_one)
    assert "and 4 more" in page


def test_what_cannot_be_read_just_now_is_not_told_as_old(home, many):
    """However many connections are in trouble: these are told of as such."""
    with tenant_scope(many.pk):
        MirrorState.objects.update(read_at=timezone.now() - timedelta(days=2))
        Connection.objects.filter(vendor="apidaze").update(enabled=False)
    told = " ".join(reason.text for reason in home().context["standing"].reasons)
    assert "switched off" in told
    assert "have not been read" not in told


def test_a_company_without_telephony_sees_nothing_of_it(home, db):
    page = text_of(home())
    assert STEP not in page
    assert "SIP accounts no" not in page


def test_the_first_account_is_a_step_that_stays_done(home, cast, telephone):
    assert STEP in text_of(home())
    telephone.create("anna", cast.bob)
    telephone.work()
    guide = home().context["guide"]
    assert [step.done for step in guide.steps if step.title == STEP] == [True]
    assert "1 SIP account" in text_of(home())


def test_differences_are_to_be_looked_at(home, telephone):
    telephone.control.add_sip_accounts_behind(telephone.client_id, 2)
    telephone.sync()
    answer = home()
    assert todo(answer) == ["2 differences between the portal and the vendor are open."]
    assert answer.context["standing"].tone == "warning"


def test_a_mirror_that_nobody_reads_is_told(home, telephone):
    with telephone.scope():
        MirrorState.objects.update(read_at=timezone.now() - timedelta(days=2))
    assert any("was last read 2 days ago" in reason.text for reason in home().context["standing"].reasons)


def test_what_the_month_costs_so_far_has_the_accounts_in_it(home, cast, telephone):
    with telephone.scope():
        first = today().replace(day=1)
        agree(
            cast.acme, KEY, telephone.connection.pk, starts_on=first, unit_price=Decimal("2.50"), acting_user=cast.adam
        )
    for username in ("anna", "ben"):
        telephone.create(username, cast.bob)
    telephone.work()
    bill = home().context["bill"]
    assert (bill.cost, [charge.peak for charge in bill.charges]) == (Decimal("5.00"), [2])
