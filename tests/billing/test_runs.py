"""The month's end over all tenants: each closed, blocked with its reasons, or without anything; and again, without harm."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from portal import turns
from portal.audit.models import Entry
from portal.billing import runs
from portal.billing.contracts import agree
from portal.billing.meters import Blocker
from portal.billing.models import ClosingRun, ClosingStep, Statement
from portal.billing.reasons import of_refusal, said
from portal.billing.refusals import EarlierMonthOpen
from portal.notices.models import Notice
from portal.sentences import Sentence, untranslated
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.samples_months import FEBRUARY, JANUARY, MARCH, agreed, at, numbers_of
from tests.billing.samples_seats import SEATS
from tests.fixtures.cast import sign_in_with_second_factor
from tests.notices.conftest import page_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def both(cast, seats):
    """Acme and Globex have five seats each; Initech has none."""
    agreed(cast)
    with tenant_scope(cast.globex.pk):
        agree(cast.globex, SEATS, 2, starts_on=JANUARY, unit_price=Decimal(1), acting_user=None)
    seats.change(cast.acme, 5, at(1, 3))
    seats.change(cast.globex, 5, at(1, 3), object_id=2)
    with staff_scope():
        Tenant.objects.create(name="Initech", slug="initech")


def begun(cast, month=FEBRUARY, acting_user=None) -> ClosingRun:
    with staff_scope():
        return runs.start_run(month, acting_user=acting_user)


def work() -> None:
    """What the sweep rings for, until nothing is due."""
    while due := turns.due(ClosingStep):
        for tenant_id, pk in due:
            runs.take_turn(tenant_id, pk)


def states(run: ClosingRun) -> dict[str, str]:
    with staff_scope():
        return dict(ClosingStep.objects.filter(run=run).values_list("tenant__slug", "state"))


def test_every_tenants_open_months_are_closed(cast, both):
    run = begun(cast)
    work()
    assert states(run) == {"acme": "done", "globex": "done", "initech": "nothing"}
    assert numbers_of(cast.acme) == numbers_of(cast.globex) == ["2025-0001", "2025-0002"]


def test_what_blocks_one_tenant_is_told_and_holds_up_no_other(cast, both, seats):
    seats.blockers[cast.acme.pk].append(Blocker("Order 7 has no outcome yet."))
    run = begun(cast)
    work()
    assert states(run) == {"acme": "blocked", "globex": "done", "initech": "nothing"}
    with staff_scope():
        assert ClosingStep.objects.get(tenant=cast.acme).reasons == ["Order 7 has no outcome yet."]
    assert numbers_of(cast.acme) == []


def test_why_a_month_is_open_is_read_in_the_readers_language(cast, both, seats, client):
    text = Sentence("%(connection)s has not been read since the month ended.", {"connection": "Video"})
    seats.blockers[cast.acme.pk].append(Blocker(text))
    with translation.override("nl"):
        run = begun(cast)
        work()
    with staff_scope():
        stored = ClosingStep.objects.get(tenant=cast.acme).reasons
    english = said(stored)
    with translation.override("nl"):
        dutch = said(stored)
    assert english == ["Video has not been read since the month ended."]
    assert dutch != english
    assert "Video" in dutch[0]
    sign_in_with_second_factor(client, cast.sue)
    assert english[0] in client.get(f"/admin/billing/closingstep/?run__id__exact={run.pk}").text


def test_a_refusal_names_its_month_in_the_readers_language():
    stored = [of_refusal(EarlierMonthOpen(JANUARY)), "As it was kept before."]
    assert said(stored) == [
        "January 2025 is still open. Close it first; nothing was changed.",
        "As it was kept before.",
    ]
    with translation.override("nl"):
        told, before = said(stored)
    assert "januari 2025" in told
    assert before == "As it was kept before."


def test_a_sentence_within_a_sentence_is_translated_too():
    stored = Sentence(
        "A difference has not been decided: %(what)s.", {"what": untranslated(_("An order that was not placed here"))}
    ).as_json()
    with translation.override("nl"):
        assert str(Sentence.from_json(stored)) != Sentence.from_json(stored).text
        assert str(_("An order that was not placed here")) in str(Sentence.from_json(stored))


def test_again_closes_what_was_blocked_and_changes_nothing_closed(cast, both, seats):
    seats.blockers[cast.acme.pk].append(Blocker("Order 7 has no outcome yet."))
    run = begun(cast)
    work()
    with staff_scope():
        before = list(Statement.objects.order_by("pk").values())
    seats.blockers.clear()
    with staff_scope():
        assert runs.repeat(run) == 2
    work()
    assert states(run) == {"acme": "done", "globex": "done", "initech": "nothing"}
    with staff_scope():
        assert list(Statement.objects.filter(tenant=cast.globex).order_by("pk").values()) == before


def test_a_failure_is_told_and_tried_again(cast, both, seats, caplog):
    agreed(cast, object_id=9)
    seats.changes[cast.acme.pk, 9] = []  # The least of no changes cannot be found.
    run = begun(cast)
    work()
    assert states(run)["acme"] == "failed"
    with staff_scope():
        assert ClosingStep.objects.get(tenant=cast.acme).reasons[0].startswith("ValueError")
    assert states(run)["globex"] == "done"
    del seats.changes[cast.acme.pk, 9]
    with staff_scope():
        runs.repeat(run)
    work()
    assert states(run)["acme"] == "done"


def test_a_suspended_company_is_left_to_people(cast, both):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    run = begun(cast)
    work()
    assert states(run)["acme"] == "blocked"
    assert numbers_of(cast.acme) == []


def test_who_started_it_closed_the_months(cast, both):
    begun(cast, acting_user=cast.sue)
    work()
    with tenant_scope(cast.acme.pk):
        assert set(Statement.objects.values_list("closed_by_name", flat=True)) == {"Sue"}
    with staff_scope():
        assert Entry.objects.get(action="staff.month_end_started").actor_id == cast.sue.pk


def test_the_daily_round_closes_what_is_past_its_grace_and_makes_one_run_of_it(cast, both, settings):
    settings.BILLING_GRACE_DAYS = 5
    in_grace = at(4, 5, 21)
    runs.close_due(in_grace)
    runs.close_due(in_grace + timedelta(hours=2))
    runs.close_due(in_grace + timedelta(hours=4))
    with staff_scope():
        assert list(ClosingRun.objects.order_by("month").values_list("month", flat=True)) == [FEBRUARY, MARCH]
    work()
    assert numbers_of(cast.acme) == ["2025-0001", "2025-0002", "2025-0003"]


def told(tenant) -> list[tuple[str, bool]]:
    with tenant_scope(tenant.pk):
        return [(notice.kind, notice.over) for notice in Notice.objects.order_by("pk")]


def test_people_are_told_once_what_blocks_and_that_it_is_closed(cast, both, seats):
    seats.blockers[cast.acme.pk].append(Blocker("Order 7 has no outcome yet.", "/t/acme/video/orders/"))
    run = begun(cast, JANUARY)
    work()
    with staff_scope():
        runs.repeat(run)
    work()
    assert told(cast.acme) == [("billing.closing_blocked", False)]
    seats.blockers.clear()
    with staff_scope():
        runs.repeat(run)
    work()
    assert told(cast.acme) == [("billing.closing_blocked", True), ("billing.month_closed", False)]


def test_who_pays_reads_it_and_is_led_there(cast, both):
    begun(cast, JANUARY)
    work()
    assert "January 2025 is closed: € 15.13 with VAT" in page_of(cast.bill)
    with tenant_scope(cast.acme.pk):
        notice = Notice.objects.get()
        assert notice.subject_id == Statement.objects.get().pk
    assert "January 2025 is closed" not in page_of(cast.vera)
