"""Addresses for statements: few, confirmed by a link that works once, and ended by whoever reads them."""

from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from portal.audit.models import Entry
from portal.billing.mailing import contacts, refusals
from portal.billing.mailing.models import BillingContact
from portal.notices.models import Notice
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.posts import BOOKS, PORTAL, links_in
from tests.billing.samples import some_contact

KEY = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
PAGE = "/t/acme/billing/mailing/"
WISHES = {"form_key": KEY, "email": BOOKS, "language": "nl", "forms": ["pdf", "xlsx"]}


@pytest.fixture
def bill(client, cast, settings):
    settings.PORTAL_URL = PORTAL
    client.force_login(cast.bill)
    return client


@pytest.fixture
def issued(cast) -> contacts.Issued:
    with tenant_scope(cast.acme.pk):
        return contacts.add_contact(cast.acme, BOOKS, language="en", forms=["pdf"], acting_user=cast.bill)


def state(cast, email: str = BOOKS) -> str:
    with tenant_scope(cast.acme.pk):
        return BillingContact.objects.filter(email=email).order_by("pk").last().state


def link(token: str) -> str:
    return f"/statements-by-mail/{token}/"


# --- The list -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_address_is_added_and_confirmed_by_the_link_in_its_mail(bill, cast, mailoutbox, client):
    assert bill.post(f"{PAGE}addresses/new/", WISHES | {"email": "Books@Acme.example"}).status_code == 302
    (mail,) = mailoutbox
    assert mail.to == [BOOKS]
    assert "Its link works until" in bill.get(PAGE).text
    client.logout()
    (path,) = {found for found in mail.body.split() if found.startswith(PORTAL)}
    path = path.removeprefix(PORTAL)
    assert client.get(path).status_code == 200
    assert state(cast) == "asked", "looking confirms nothing"
    assert client.post(path, {"answer": "yes"}).status_code == 200
    assert state(cast) == "confirmed"
    with tenant_scope(cast.acme.pk):
        acts = list(Entry.objects.filter(action__startswith="billing.contact").order_by("pk"))
        assert [act.action for act in acts] == ["billing.contact_added", "billing.contact_confirmed"]
        assert acts[0].after == {"email": BOOKS, "language": "nl", "forms": "PDF, XLSX", "active": True}
        assert BillingContact.objects.get().forms == ["pdf", "xlsx"]


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_is_away_is_told_on_the_page(bill, cast, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    bill.post(f"{PAGE}addresses/new/", WISHES)
    assert "The mail with its link has not been sent." in bill.get(PAGE).text


@pytest.mark.parametrize(
    "wrong",
    [{"email": "nobody"}, {"email": ""}, {"language": "fr"}, {"forms": []}, {"forms": ["exe"]}, {"form_key": ""}],
)
def test_an_address_that_cannot_be_is_refused(bill, cast, wrong, mailoutbox):
    assert bill.post(f"{PAGE}addresses/new/", WISHES | wrong).status_code == 422
    with tenant_scope(cast.acme.pk):
        assert not BillingContact.objects.exists()
    assert mailoutbox == []


@pytest.mark.django_db
def test_there_are_ten_addresses_at_most(cast):
    with tenant_scope(cast.acme.pk):
        for number in range(contacts.MOST_CONTACTS):
            some_contact(cast.acme, cast.alice, f"{number}@acme.example")
        with pytest.raises(refusals.TooManyContacts):
            contacts.add_contact(cast.acme, BOOKS, language="en", forms=["pdf"], acting_user=cast.bill)


@pytest.mark.django_db
def test_an_address_is_on_the_list_once(cast, issued):
    with tenant_scope(cast.acme.pk), pytest.raises(refusals.ContactKnown):
        contacts.add_contact(cast.acme, BOOKS.upper(), language="en", forms=["pdf"], acting_user=cast.bill)


@pytest.mark.django_db
def test_nobody_is_written_to_again_and_again(cast, issued, monkeypatch):
    with tenant_scope(cast.acme.pk):
        with pytest.raises(refusals.LinkJustMailed):
            contacts.send_link_again(issued.contact, acting_user=cast.bill)
        monkeypatch.setattr(contacts, "BETWEEN_LINKS", timedelta())
        for _ in range(contacts.LINKS_EACH - 1):
            contacts.send_link_again(issued.contact, acting_user=cast.bill)
        with pytest.raises(refusals.TooManyLinks):
            contacts.send_link_again(issued.contact, acting_user=cast.bill)


@pytest.mark.django_db
def test_a_day_has_so_many_links(cast, monkeypatch, issued):
    monkeypatch.setattr(contacts, "LINKS_A_DAY", 1)
    with tenant_scope(cast.acme.pk), pytest.raises(refusals.TooManyLinks):
        contacts.add_contact(cast.acme, "two@acme.example", language="en", forms=["pdf"], acting_user=cast.bill)


def test_wishes_are_changed_on_record(bill, cast):
    with tenant_scope(cast.acme.pk):
        contact = some_contact(cast.acme, cast.alice)
    sent = {"form_key": KEY, "language": "nl", "forms": ["csv"]}
    assert bill.post(f"{PAGE}addresses/{contact.pk}/", sent).status_code == 302
    with tenant_scope(cast.acme.pk):
        contact.refresh_from_db()
        assert (contact.language, contact.forms, contact.active) == ("nl", ["csv"], False)
        act = Entry.objects.get(action="billing.contact_changed")
        assert (act.before["forms"], act.after["forms"], act.actor_id) == ("PDF", "CSV", cast.bill.pk)
    assert "Gets none for now" in bill.get(PAGE).text


def test_an_address_is_removed_and_may_come_back(bill, cast, issued):
    assert bill.post(f"{PAGE}addresses/{issued.contact.pk}/remove/").status_code == 302
    assert state(cast) == "removed"
    bill.get(PAGE)  # Says so once.
    assert BOOKS not in bill.get(PAGE).text
    assert bill.post(f"{PAGE}addresses/{issued.contact.pk}/remove/").status_code == 404
    with tenant_scope(cast.acme.pk):
        contacts.add_contact(cast.acme, BOOKS, language="en", forms=["pdf"], acting_user=cast.bill)


@pytest.mark.parametrize("person", ["bob", "vera"])
def test_only_who_looks_after_the_money_sees_it(client, cast, person):
    client.force_login(getattr(cast, person))
    assert client.get(PAGE).status_code == 403


# --- The link -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_link_works_once(client, cast, issued):
    assert client.post(link(issued.token), {"answer": "yes"}).status_code == 200
    again = client.post(link(issued.token), {"answer": "yes"})
    assert again.status_code == 410
    assert "has been used already" in again.text


@pytest.mark.django_db
def test_a_new_link_ends_the_one_before(client, cast, issued, monkeypatch):
    monkeypatch.setattr(contacts, "BETWEEN_LINKS", timedelta())
    with tenant_scope(cast.acme.pk):
        newer = contacts.send_link_again(issued.contact, acting_user=cast.bill)
    assert client.post(link(issued.token), {"answer": "yes"}).status_code == 410
    assert state(cast) == "asked"
    assert client.post(link(newer.token), {"answer": "yes"}).status_code == 200


@pytest.mark.django_db
def test_a_link_ends_after_a_week(client, cast, issued):
    with tenant_scope(cast.acme.pk):
        BillingContact.objects.update(link_expires_at=timezone.now())
    assert client.get(link(issued.token)).status_code == 410
    assert client.post(link(issued.token), {"answer": "yes"}).status_code == 410
    assert state(cast) == "asked"


@pytest.mark.django_db
def test_a_link_that_nobody_signed_leads_nowhere(client, cast, issued):
    forged = signing.dumps([cast.acme.pk, issued.contact.pk, "guess"], salt="another")
    cut = issued.token[:-1]
    guessed = signing.dumps([cast.acme.pk, issued.contact.pk, "guess"], salt=contacts.SALT)
    strange = signing.dumps([cast.globex.pk, issued.contact.pk, "guess"], salt=contacts.SALT)
    for token, status in ((forged, 404), (cut, 404), (guessed, 410), (strange, 404)):
        assert client.post(link(token), {"answer": "yes"}).status_code == status
    assert state(cast) == "asked"


@pytest.mark.django_db
def test_the_database_does_not_hold_the_link(issued):
    secret = signing.loads(issued.token, salt=contacts.SALT)[2]
    assert secret not in issued.contact.link_digest
    assert len(issued.contact.link_digest) == 64


@pytest.mark.django_db
def test_who_does_not_want_them_says_no(client, cast, issued):
    assert client.post(link(issued.token), {"answer": "no"}).status_code == 200
    assert state(cast) == "withdrawn"
    with tenant_scope(cast.acme.pk):
        assert Notice.objects.get().kind == "billing.contact_withdrawn"


@pytest.mark.django_db
def test_a_suspended_companys_link_confirms_nothing(client, cast, issued):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    assert client.post(link(issued.token), {"answer": "yes"}).status_code == 410
    assert state(cast) == "asked"


@pytest.mark.django_db(transaction=True)
def test_each_statement_says_how_to_stop_them(client, post):
    post.contact()
    post.close()
    (mail,) = post.go_out()
    path = next(found for found in links_in(mail) if found.startswith("/statements-by-mail/"))
    assert mail["List-Unsubscribe"].strip() == f"<{PORTAL}{path}>"
    assert client.get(path).status_code == 200
    assert client.post(path, {"answer": "yes"}).status_code == 410, "it only stops"
    assert client.post(path, {"answer": "no"}).status_code == 200
    with tenant_scope(post.tenant.pk):
        assert BillingContact.objects.get().state == "withdrawn"
    assert client.post(path, {"answer": "no"}).status_code == 410
