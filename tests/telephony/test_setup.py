"""The setup sheet, on screen and on paper, and the link that shows it once to a person without an account."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from portal.audit.models import Entry
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from telephony.models import SetupLink, SipAccount
from telephony.setup import links
from telephony.setup.refusals import LinkGone
from telephony.setup.sheet import Sheet
from telephony.views import phone_setup
from tests.provisioning.pages import text_of

DORA = "dora@example.com"
NEVER_MADE = "A" * 43


def url(name: str, *args: object) -> str:
    return reverse(f"telephony:{name}", args=["acme", *args])


def keyed(**values: str) -> dict[str, str]:
    return {"form_key": str(uuid4())} | values


@pytest.fixture
def reception(telephone, cast) -> SipAccount:
    telephone.create("reception", cast.bob, name="Reception")
    telephone.work()
    with telephone.scope():
        SipAccount.objects.update(domain="acme.sip.example")
    return telephone.account()


@pytest.fixture
def password(telephone, reception) -> str:
    with telephone.scope():
        return reception.password.reveal()


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


@pytest.fixture
def adam(cast):
    signed_in = Client()
    signed_in.force_login(cast.adam)
    return signed_in


@pytest.fixture
def dora(db) -> Client:
    """She has a telephone and no account with the portal."""
    return Client()


@pytest.fixture
def send(adam, reception, mailoutbox):
    """Adam sends a link; the address in its mail."""

    def send(to: str = DORA, language: str = "en") -> str:
        page = adam.post(url("setup_link_new", reception.pk), keyed(email=to, language=language), follow=True)
        assert f"on its way to {to}" in text_of(page)
        return re.search(r"http://testserver(/phone-setup/\S+)", mailoutbox[-1].body)[1]

    return send


def acts(telephone, action: str) -> list[Entry]:
    with telephone.scope():
        return list(Entry.objects.filter(action=f"telephony.{action}").order_by("pk"))


# --- The sheet ----------------------------------------------------------------------------------------------------


def test_the_sheet_tells_everything_but_the_password(bob, reception, password):
    page = bob.get(url("setup_sheet", reception.pk))
    for value in ("acme.sip.example", "reception", "46.101.153.96:4060", "Reception", "Zoiper"):
        assert value in text_of(page)
    assert "<svg" in page.content.decode()
    assert password not in page.content.decode()


def test_the_proxy_is_a_setting(bob, reception, settings):
    settings.SIP_OUTBOUND_PROXY = "proxy.example:5060"
    for name in ("setup_sheet", "sip_account"):
        assert "proxy.example:5060" in text_of(bob.get(url(name, reception.pk)))


def test_a_domain_that_is_not_known_is_told_of_and_there_is_no_code(bob, telephone, reception):
    with telephone.scope():
        SipAccount.objects.update(domain="")
    page = bob.get(url("setup_sheet", reception.pk))
    assert "Not told yet" in text_of(page)
    assert "pb-setup-qr" not in page.content.decode()


def test_the_password_is_shown_on_request_once_and_on_record(bob, telephone, reception, password):
    form = keyed()
    page = bob.post(url("setup_password", reception.pk), form)
    assert password in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert password not in bob.post(url("setup_password", reception.pk), form, follow=True).content.decode()
    assert len(acts(telephone, "password_revealed")) == 1


def test_the_paper_has_the_password_only_when_it_was_asked_for(bob, telephone, reception, password):
    plain = bob.get(url("setup_pdf", reception.pk))
    assert plain["Content-Type"] == "application/pdf"
    assert "acme.sip.example" in words_of(plain)
    assert password not in words_of(plain)
    assert acts(telephone, "password_revealed") == []
    full = bob.post(url("setup_password", reception.pk), keyed(form="pdf"))
    assert password in words_of(full)
    assert len(acts(telephone, "password_revealed")) == 1


def words_of(answer) -> str:
    return PdfReader(BytesIO(answer.content)).pages[0].extract_text()


def test_a_long_name_stays_on_the_paper(bob, telephone, reception):
    with telephone.scope():
        SipAccount.objects.update(domain="a-very-long-part." * 8 + "example")
    words = words_of(bob.get(url("setup_pdf", reception.pk)))
    assert "a-very-long-part." * 8 + "example" in words.replace("\n", "")
    assert "\u200b" not in words, "what is copied is what is seen"


def test_a_name_in_letters_that_the_fonts_lack_still_gives_a_paper(bob, telephone, reception):
    with telephone.scope():
        SipAccount.objects.update(name="受付")
    assert bob.get(url("setup_pdf", reception.pk)).content.startswith(b"%PDF")


def test_the_code_is_a_sip_address_with_the_password_only_where_it_is_shown():
    sheet = Sheet("Reception", "rece.ption", "acme.sip.example", "192.0.2.1:4060")
    assert sheet.uri == "sip:rece.ption@acme.sip.example;proxy=192.0.2.1:4060"
    shown = Sheet("Reception", "rece.ption", "acme.sip.example", "192.0.2.1:4060", "p@ss:w/rd")
    assert shown.uri == "sip:rece.ption:p%40ss%3Aw%2Frd@acme.sip.example;proxy=192.0.2.1:4060"
    assert shown.qr != sheet.qr


def test_viewers_get_no_sheet_and_operators_no_links(client, cast, reception):
    client.force_login(cast.vera)
    assert client.get(url("setup_sheet", reception.pk)).status_code == 403
    assert "Setup sheet" not in text_of(client.get(url("sip_account", reception.pk)))
    client.force_login(cast.bob)
    assert client.get(url("setup_links", reception.pk)).status_code == 403
    assert client.post(url("setup_link_new", reception.pk), keyed(email=DORA, language="en")).status_code == 403
    assert "Setup links" not in text_of(client.get(url("sip_account", reception.pk)))


# --- The link -----------------------------------------------------------------------------------------------------


def test_a_link_shows_the_password_once(send, dora, telephone, password, adam, reception):
    address = send()
    for _ in range(2):
        asked = dora.get(address)
        assert asked.status_code == 200, "whoever only looks uses nothing up"
        assert "reception" not in text_of(asked)
    shown = dora.post(address)
    assert password in shown.content.decode()
    assert "acme.sip.example" in text_of(shown)
    for again in (dora.post(address), dora.get(address)):
        assert again.status_code == 404
        assert password not in again.content.decode()
    page = text_of(adam.get(url("setup_links", reception.pk)))
    assert "Opened" in page
    assert DORA in page


def test_what_happens_to_a_link_is_on_record(send, dora, telephone, cast):
    dora.post(send())
    (sent,) = acts(telephone, "setup_link_sent")
    assert (sent.actor, sent.after["email"]) == (cast.adam, DORA)
    (opened,) = acts(telephone, "setup_link_opened")
    assert (opened.actor, opened.after["email"], opened.ip_address) == (None, DORA, "127.0.0.1")


def test_whoever_comes_with_a_dead_link_is_on_record_once_an_hour(send, dora, telephone, reception):
    """Opened, replaced by another one, ended: each is told of once, however often it is followed."""
    opened = send()
    dora.post(opened)
    replaced, ended = send("eve@example.com"), send("frank@example.com")
    with telephone.scope():
        SetupLink.objects.filter(sent_to="frank@example.com").update(expires_at=Now())
    for _ in range(2):
        for address in (opened, replaced, ended):
            dora.get(address)
            dora.post(address)
    tried = acts(telephone, "setup_link_tried")
    told = [(entry.after["email"], entry.after["link"]) for entry in tried]
    assert told == [(DORA, "link_opened"), ("eve@example.com", "revoked"), ("frank@example.com", "expired")]
    assert {(entry.actor, entry.ip_address) for entry in tried} == {(None, "127.0.0.1")}
    assert {entry.object_id for entry in tried} == {str(reception.pk)}


def test_a_link_of_an_account_that_is_gone_is_on_record_too(send, dora, telephone):
    address = send()
    with telephone.scope():
        SipAccount.objects.update(state=SipAccount.State.DELETED)
    dora.get(address)
    (tried,) = acts(telephone, "setup_link_tried")
    assert (tried.after["link"], tried.after["account"]) == ("link_unopened", "deleted")


def test_an_hour_later_it_is_on_record_again(send, dora, telephone, monkeypatch):
    monkeypatch.setattr(links, "ATTEMPT_NOTED_SECONDS", 1)
    opened = send()
    dora.post(opened)
    dora.get(opened)
    time.sleep(1.1)
    dora.get(opened)
    assert len(acts(telephone, "setup_link_tried")) == 2


def test_an_address_that_never_was_leaves_no_record(dora, telephone):
    dora.get(f"/phone-setup/{NEVER_MADE}/")
    assert acts(telephone, "setup_link_tried") == []


def test_the_page_is_kept_by_nobody_and_found_by_nobody(send, dora):
    address = send()
    for answer in (dora.get(address), dora.post(address), dora.post(address)):
        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]
        # Without any, browsers call the origin of the button's form "null", and it is refused.
        assert answer["Referrer-Policy"] == "same-origin"


def test_a_link_that_shows_nothing_is_like_any_other(send, adam, dora, telephone, reception):
    """Opened, revoked, ended, of a suspended company, of a deleted account, never made."""
    pages = {"never made": dora.get(f"/phone-setup/{NEVER_MADE}/")}
    opened = send()
    dora.post(opened)
    pages["opened"] = dora.get(opened)
    revoked = send()
    with telephone.scope():
        link = SetupLink.objects.latest("pk")
    adam.post(url("setup_link_revoke", reception.pk, link.pk))
    pages["revoked"] = dora.post(revoked)
    ended = send()
    with telephone.scope():
        SetupLink.objects.filter(revoked_at=None).update(expires_at=Now())
    pages["ended"] = dora.post(ended)
    suspended = send()
    with staff_scope():
        Tenant.objects.filter(slug="acme").update(state=Tenant.State.SUSPENDED)
    pages["suspended"] = dora.post(suspended)
    with staff_scope():
        Tenant.objects.filter(slug="acme").update(state=Tenant.State.ACTIVE)
    with telephone.scope():
        SipAccount.objects.update(state=SipAccount.State.DELETED)
    pages["deleted"] = dora.post(suspended)
    assert {page.status_code for page in pages.values()} == {404}
    assert len({text_of(page) for page in pages.values()}) == 1


def test_a_new_link_ends_the_one_before(send, dora, password):
    first, second = send(), send("eve@example.com")
    assert dora.post(first).status_code == 404
    assert password in dora.post(second).content.decode()


def test_an_opened_link_cannot_be_revoked(send, adam, dora, telephone, reception):
    dora.post(send())
    with telephone.scope():
        link = SetupLink.objects.get()
    page = adam.post(url("setup_link_revoke", reception.pk, link.pk), follow=True)
    assert "was opened, revoked or has ended already" in text_of(page)
    assert acts(telephone, "setup_link_revoked") == []


def test_the_same_form_sent_twice_sends_one_mail(adam, reception, mailoutbox):
    form = keyed(email=DORA, language="en")
    for _ in range(2):
        adam.post(url("setup_link_new", reception.pk), form)
    assert len(mailoutbox) == 1


def test_an_address_that_cannot_be_is_told_beside_its_field(adam, reception, mailoutbox):
    answer = adam.post(url("setup_link_new", reception.pk), keyed(email="dora", language="en"))
    assert answer.status_code == 422
    assert mailoutbox == []


def test_nobody_is_written_to_again_and_again(telephone, reception, cast, monkeypatch, adam, mailoutbox):
    monkeypatch.setattr(links, "LINKS_A_DAY", 1)
    for _ in range(2):
        page = adam.post(url("setup_link_new", reception.pk), keyed(email=DORA, language="en"), follow=True)
    assert "Too many links" in text_of(page)
    assert len(mailoutbox) == 1


def test_a_mail_server_that_is_away_is_told_of(settings, adam, reception):
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    adam.post(url("setup_link_new", reception.pk), keyed(email=DORA, language="en"))
    assert "has not taken its mail" in text_of(adam.get(url("setup_links", reception.pk)))


def test_only_a_digest_is_kept(send, telephone):
    token = send().rstrip("/").rpartition("/")[2]
    with telephone.scope():
        values = SetupLink.objects.values().get()
    assert token not in str(values)


def test_the_mail_and_the_page_speak_the_persons_language(send, dora, mailoutbox):
    address = send(language="nl")
    assert 'lang="nl"' in dora.get(address).content.decode()
    assert 'lang="nl"' in mailoutbox[-1].alternatives[0][0]
    assert 'lang="nl"' in dora.post(address).content.decode()


def test_whoever_tries_many_addresses_is_slowed_down(dora, monkeypatch):
    monkeypatch.setattr(phone_setup, "MOST_A_MINUTE", 0)
    answer = dora.get(f"/phone-setup/{NEVER_MADE}/")
    assert answer.status_code == 429
    assert "try again in a minute" in text_of(answer)


def test_of_many_who_open_at_once_one_sees_the_password(send, telephone, password):
    token = send().rstrip("/").rpartition("/")[2]

    def shown(_place: int) -> str:
        try:
            return links.open_link(token)[1]
        except LinkGone:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        assert sorted(people.map(shown, range(4))) == ["", "", "", password]
    assert len(acts(telephone, "setup_link_opened")) == 1


def test_globex_cannot_touch_acmes_links(send, client, cast, telephone, reception):
    send()
    with telephone.scope():
        link = SetupLink.objects.get()
    client.force_login(cast.charlie)
    own_door = reverse("telephony:setup_link_revoke", args=["globex", reception.pk, link.pk])
    assert client.post(own_door).status_code == 404
    assert client.post(url("setup_link_revoke", reception.pk, link.pk)).status_code == 404


def test_a_link_lasts_days_not_weeks(send, telephone):
    send()
    with telephone.scope():
        link = SetupLink.objects.get()
    assert link.expires_at - link.made_at == timedelta(days=3)
