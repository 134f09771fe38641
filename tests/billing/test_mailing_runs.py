"""A month's end is over: staff who want it get one mail with a link, never the statements."""

import io
from decimal import Decimal
from zipfile import ZipFile

import pytest
from django.urls import reverse

from portal import turns
from portal.audit.models import Entry
from portal.billing import runs
from portal.billing.contracts import agree
from portal.billing.mailing.models import RunMail
from portal.billing.mailing.readers import read_runs
from portal.billing.meters import Blocker
from portal.billing.models import ClosingRun, ClosingStep
from portal.tenancy.refusals import StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.posts import PORTAL, text_of
from tests.billing.samples_months import JANUARY, at
from tests.billing.samples_seats import SEATS
from tests.fixtures.cast import sign_in_with_second_factor

pytestmark = pytest.mark.django_db(transaction=True)
MAIL_ME = "admin:billing_closingrun_mail_me"


@pytest.fixture
def reader(cast):
    with staff_scope():
        read_runs(cast.sue, wanted=True, acting_user=cast.sue)


def begun(cast) -> ClosingRun:
    with staff_scope():
        return runs.start_run(JANUARY, acting_user=cast.sue)


def work() -> None:
    """What beat and sweep ring for, until nothing is due."""
    while due := turns.due(ClosingStep):
        for tenant_id, pk in due:
            runs.take_turn(tenant_id, pk)
    runs.end_runs()


def ended(run: ClosingRun) -> bool:
    with staff_scope():
        return ClosingRun.objects.get(pk=run.pk).ended_at is not None


def test_its_readers_are_mailed_once_with_what_it_came_to_and_a_link(cast, post, reader):
    run = begun(cast)
    runs.end_runs()
    assert (ended(run), post.go_out()) == (False, [])
    for _ in range(3):
        work()
    (mail,) = post.later()
    assert (mail["To"], mail["Subject"].strip()) == ("sue@example.com", "The month-end run of January 2025 is over")
    assert "Closed: 1" in text_of(mail)
    assert f"{PORTAL}{reverse('admin:billing_closingrun_change', args=[run.pk])}" in text_of(mail)
    assert list(mail.iter_attachments()) == []
    assert ended(run)


def test_trying_again_in_vain_mails_nobody_and_a_success_does(cast, post, reader, seats):
    seats.blockers[cast.acme.pk].append(Blocker("Order 7 has no outcome yet."))
    run = begun(cast)
    work()
    assert "Blocked: 1" in text_of(post.go_out()[0])
    for cleared in (False, True):
        if cleared:
            seats.blockers.clear()
        with staff_scope():
            runs.repeat(run)
        work()
        assert len(post.later()) == 1 + cleared


def test_who_wants_none_gets_none(cast, post):
    begun(cast)
    work()
    assert post.go_out() == []


def test_who_is_no_staff_any_more_gets_none(cast, post, reader):
    begun(cast)
    work()
    with staff_scope():
        type(cast.sue).objects.filter(pk=cast.sue.pk).update(is_staff=False)
    assert post.go_out() == []
    with staff_scope():
        assert RunMail.objects.get().state == "dropped"


def test_a_member_cannot_be_a_reader(cast):
    with staff_scope(), pytest.raises(StaffOnly):
        read_runs(cast.bill, wanted=True, acting_user=cast.bill)


def test_what_may_have_left_is_not_sent_again(cast, post, reader):
    begun(cast)
    work()
    post.server.breaks_off = 1
    post.go_out()
    post.later()
    assert len(post.mails) == 1
    with staff_scope():
        assert RunMail.objects.get().state == "unknown"


def test_it_is_chosen_in_the_admin_on_record(cast, client):
    sign_in_with_second_factor(client, cast.sue)
    assert reverse(MAIL_ME) in client.get(reverse("admin:billing_closingrun_changelist")).text
    assert client.post(reverse(MAIL_ME), {"wanted": "on"}).status_code == 302
    assert "checked" in client.get(reverse(MAIL_ME)).text
    assert client.post(reverse(MAIL_ME), {}).status_code == 302
    assert "checked" not in client.get(reverse(MAIL_ME)).text
    with staff_scope():
        acts = Entry.objects.filter(action="staff.run_mail_chosen").order_by("pk")
        assert [act.after["wanted"] for act in acts] == [True, False]


def test_the_page_of_a_run_leads_to_one_bundle_of_all_companies(cast, post, seats, client):
    with tenant_scope(cast.globex.pk):
        agree(cast.globex, SEATS, 2, starts_on=JANUARY, unit_price=Decimal(1), acting_user=None)
    seats.change(cast.globex, 5, at(1, 3), object_id=2)
    run = begun(cast)
    work()
    sign_in_with_second_factor(client, cast.sue)
    address = reverse("admin:billing_closingrun_bundle", args=[run.pk])
    assert address in client.get(reverse("admin:billing_closingrun_change", args=[run.pk])).text
    answer = client.get(address)
    names = ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
    for company in ("acme", "globex"):
        assert {f"statement-2025-0001-{company}-2025-01.{form}" for form in ("pdf", "csv", "json")} < set(names)
    assert {"statements.xlsx", "statements.csv", "statements.json", "SHA256SUMS"} < set(names)
    client.force_login(cast.alice)
    assert client.get(address).status_code == 404
