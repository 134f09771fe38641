"""A closed statement by mail: to each confirmed address once, in its language and files, by a real mail server."""

import threading

import pytest
from django.db import connection

from portal.audit.models import Entry
from portal.billing.mailing import letters, promising, sending
from portal.billing.mailing import post as handing_over
from portal.billing.mailing.contacts import change_contact, remove_contact
from portal.billing.mailing.models import StatementMail
from portal.billing.mailing.refusals import ContactUnconfirmed, MailOnItsWay
from portal.notices.models import Notice
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.posts import BOOKS, files_of, links_in, text_of
from tests.billing.samples import closed_statement, some_contact
from tests.billing.samples_months import FEBRUARY
from tests.notices.conftest import page_of

pytestmark = pytest.mark.django_db(transaction=True)
FAILED = "billing.mail_failed"
KEY = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


class Killed(BaseException):
    """What `kill -9` leaves: nothing is tidied up."""


def told(post, kind: str = FAILED) -> list[bool]:
    """Whether each notice of this kind is over."""
    with tenant_scope(post.tenant.pk):
        return [notice.over for notice in Notice.objects.filter(kind=kind).order_by("pk")]


# --- What is sent ---------------------------------------------------------------------------------------------------


def test_a_closed_month_is_mailed_once_with_its_files(post, client):
    post.contact(forms=("pdf", "xlsx", "csv", "json"))
    statement = post.close()
    for _ in range(3):
        post.later()
    (mail,) = post.mails
    assert (mail["To"], mail["Subject"].strip()) == (BOOKS, "Acme: statement 2025-0001 of January 2025")
    files = files_of(mail)
    assert set(files) == {f"statement-2025-0001-acme-2025-01.{form}" for form in ("pdf", "xlsx", "csv", "json")}
    assert files["statement-2025-0001-acme-2025-01.pdf"].startswith(b"%PDF")
    assert f"/t/acme/billing/statements/{statement.pk}/" in links_in(mail)
    assert post.states() == ["sent"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_file_is_to_the_byte_as_it_is_downloaded(post, cast, client, form):
    post.contact(forms=(form,))
    statement = post.close()
    (content,) = files_of(post.go_out()[0]).values()
    client.force_login(cast.bill)
    assert content == client.get(f"/t/acme/billing/statements/{statement.pk}/{form}/").content


def test_each_address_has_its_language(post):
    post.contact(language="en")
    post.contact("boekhouding@acme.example", language="nl")
    post.close()
    said = {mail["To"]: mail["Subject"] for mail in post.go_out()}
    assert "January 2025" in said[BOOKS]
    assert "januari 2025" in said["boekhouding@acme.example"]


def test_what_is_too_large_is_left_out_and_told(post, monkeypatch, cast, client):
    post.contact(forms=("pdf", "json"))
    post.close()
    monkeypatch.setattr(letters, "MOST_BYTES", 10_000)
    (mail,) = post.go_out()
    assert [name.rpartition(".")[2] for name in files_of(mail)] == ["json"]
    assert "in the portal: PDF" in text_of(mail)
    client.force_login(cast.bill)
    assert "Too large for a mail, so left out: PDF" in client.get("/t/acme/billing/mailing/").text


def test_it_is_on_record(post):
    post.contact()
    post.close()
    post.go_out()
    with tenant_scope(post.tenant.pk):
        act = Entry.objects.get(action="billing.statement_mailed")
        assert act.after == {"number": "2025-0001", "to": BOOKS}


def test_nothing_of_one_company_reaches_anothers_address(post, cast):
    with tenant_scope(cast.globex.pk):
        some_contact(cast.globex, cast.charlie, "books@globex.example")
    post.contact()
    post.close()
    assert [mail["To"] for mail in post.go_out()] == [BOOKS]


# --- Who gets none --------------------------------------------------------------------------------------------------


def test_an_address_that_is_not_confirmed_gets_nothing(post, cast):
    with tenant_scope(cast.acme.pk):
        some_contact(cast.acme, cast.alice, state="asked")
    post.close()
    assert (post.go_out(), post.states()) == ([], [])


def test_an_address_that_is_paused_or_removed_meanwhile_gets_nothing(post, cast):
    paused, removed = post.contact(), post.contact("two@acme.example")
    post.close()
    with tenant_scope(cast.acme.pk):
        change_contact(paused, language="en", forms=["pdf"], active=False, acting_user=cast.bill)
        remove_contact(removed, acting_user=cast.bill)
    assert (post.go_out(), post.states()) == ([], ["dropped", "dropped"])


def test_a_suspended_companys_mails_wait(post, cast):
    post.contact()
    post.close()
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    assert post.go_out() == []
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.ACTIVE)
    assert len(post.go_out()) == 1


# --- When something goes wrong --------------------------------------------------------------------------------------


def test_a_mail_server_that_is_away_delays_and_loses_nothing(post):
    post.contact()
    post.close()
    post.server.stop()
    assert (post.go_out(), post.states()) == ([], ["waiting"])
    post.server.start()
    assert len(post.later()) == 1
    assert (post.states(), told(post)) == (["sent"], [])


def test_what_may_have_left_is_not_sent_again_and_people_are_told(post, cast):
    post.contact()
    post.close()
    post.server.breaks_off = 1
    post.go_out()
    for _ in range(3):
        post.later()
    assert (len(post.mails), post.states(), told(post)) == (1, ["unknown"], [False])
    assert f"Statement 2025-0001 may not have reached {BOOKS}" in page_of(cast.bill)
    assert "may not have reached" not in page_of(cast.vera)


def test_a_worker_that_is_lost_while_sending_leaves_it_unknown(post, monkeypatch):
    def lost(*_args):
        raise Killed

    post.contact()
    post.close()
    with monkeypatch.context() as patched:
        patched.setattr(handing_over, "_sent", lost)
        with pytest.raises(Killed):
            post.go_out()
    assert (post.mails, post.states()) == ([], ["sending"])
    assert (post.later(), post.states(), told(post)) == ([], ["unknown"], [False])


def test_a_worker_that_is_lost_before_sending_is_followed_by_another(post, monkeypatch):
    def lost(_mail):
        raise Killed

    post.contact()
    post.close()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "statement_letter", lost)
        with pytest.raises(Killed):
            post.go_out()
    assert post.go_out() == [], "its lease holds"
    assert (len(post.later()), post.states()) == (1, ["sent"])


def test_an_address_that_is_refused_is_given_up_and_told_and_holds_up_no_other(post, cast):
    post.contact()
    post.contact("two@acme.example")
    post.server.refused.add(BOOKS)
    post.close()
    assert [mail["To"] for mail in post.go_out()] == ["two@acme.example"]
    assert (sorted(post.states()), told(post)) == (["failed", "sent"], [False])
    assert "The mail server does not know this address." in page_of(cast.bill)
    post.server.refused.clear()
    post.close(FEBRUARY)
    post.go_out()
    assert told(post) == [True], "a mail has reached it"


def test_after_days_in_vain_it_is_given_up(post, settings):
    settings.NOTICE_GIVE_UP_DAYS = 3
    post.contact()
    post.close()
    post.server.stop()
    post.go_out()
    post.older_by(4)
    post.later()
    assert (post.states(), told(post)) == (["failed"], [False])


def test_files_that_cannot_be_made_are_tried_again_and_then_given_up(post, monkeypatch, caplog):
    def broken(_mail):
        raise RuntimeError("no fonts")

    post.contact()
    post.close()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "statement_letter", broken)
        post.go_out()
        assert post.states() == ["waiting"]
        for _ in range(handing_over.MOST_WRITINGS):
            post.later()
    assert (post.states(), told(post), post.mails) == (["failed"], [False], [])


def test_two_workers_send_one_mail(post):
    post.contact()
    post.close()
    (due,) = sending.due_mails()
    both = threading.Barrier(2)

    def work() -> None:
        both.wait()
        sending.send(*due)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (len(post.mails), post.states()) == (1, ["sent"])


# --- Again, because a person asks -----------------------------------------------------------------------------------


def test_a_person_sends_it_again_on_record(post, cast, client):
    post.contact()
    post.close()
    post.server.breaks_off = 1
    post.go_out()
    client.force_login(cast.bill)
    assert "May have been sent" in client.get("/t/acme/billing/mailing/").text
    with tenant_scope(cast.acme.pk):
        pk = StatementMail.objects.get().pk
    assert client.post(f"/t/acme/billing/mailing/mails/{pk}/again/").status_code == 302
    assert (len(post.later()), post.states(), told(post)) == (2, ["unknown", "sent"], [True])
    with tenant_scope(cast.acme.pk):
        assert Entry.objects.get(action="billing.statement_mail_asked").actor_id == cast.bill.pk


def test_a_double_click_is_one_mail(post, cast):
    contact = post.contact()
    statement = post.close()
    post.go_out()
    with tenant_scope(cast.acme.pk):
        promising.send_to(statement, contact, acting_user=cast.bill)
        with pytest.raises(MailOnItsWay):
            promising.send_to(statement, contact, acting_user=cast.bill)
    assert len(post.go_out()) == 2


def test_to_an_address_that_is_off_the_list_nobody_sends(post, cast):
    contact = post.contact()
    statement = post.close()
    with tenant_scope(cast.acme.pk):
        remove_contact(contact, acting_user=cast.bill)
        with pytest.raises(ContactUnconfirmed):
            promising.send_to(statement, contact, acting_user=cast.bill)


def test_an_older_statement_is_sent_to_a_new_address(post, cast, client):
    statement = post.close()
    contact = post.contact()
    client.force_login(cast.bill)
    page = client.get("/t/acme/billing/mailing/").text
    assert f'value="{statement.pk}"' in page
    chosen = {"statement": statement.pk, "contact": contact.pk, "form_key": KEY}
    client.post("/t/acme/billing/mailing/send/", chosen)
    assert [mail["To"] for mail in post.go_out()] == [BOOKS]


def test_a_strangers_statement_is_not_sent(post, cast, client):
    contact = post.contact()
    with tenant_scope(cast.globex.pk):
        theirs = closed_statement(cast.globex)
    client.force_login(cast.bill)
    told = client.post(
        "/t/acme/billing/mailing/send/", {"statement": theirs.pk, "contact": contact.pk, "form_key": KEY}, follow=True
    )
    assert "Nothing was sent" in told.text
    assert post.go_out() == []
