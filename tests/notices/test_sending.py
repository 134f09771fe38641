"""Mails by a real mail server: one of each, nothing lost while it is away, nothing to who should not have it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.db.models.functions import Now
from django.utils import timezone

from portal.notices import sending
from portal.notices.letters import subject_line
from portal.notices.models import Delivery, Notice
from portal.notices.raising import next_digest, raise_notice, resolve_notice
from portal.notices.registry import Mail
from portal.operations.notices import NEEDS_PERSON
from portal.tenancy.models import Membership, Role, Tenant, User
from portal.tenancy.people import change_role, remove_member
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.tenancy.tenants import resume_tenant, suspend_tenant
from provisioning.notices import FULFILLED
from tests.notices.conftest import PORTAL, page_of
from tests.notices.mailserver import MailServer

pytestmark = pytest.mark.django_db(transaction=True)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def server(settings):
    server = MailServer().start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
    settings.EMAIL_TIMEOUT = 2
    yield server
    server.stop()


@pytest.fixture
def happen(cast):
    """Something needs Bob of Acme (or whoever is meant), and nobody else."""

    def happen(key: object = 1, *, who: User | None = None, tenant: Tenant | None = None, label: str = "Anna") -> None:
        with tenant_scope((tenant or cast.acme).pk):
            args = {"label": label, "trouble": "unknown"}
            raise_notice(NEEDS_PERSON, (tenant or cast.acme).pk, key, args, only=(who or cast.bob).pk)

    return happen


def minutes_later(tenant: Tenant) -> None:
    """Leases and pauses are over, and the mail server may be tried again."""
    cache.clear()
    with tenant_scope(tenant.pk):
        Delivery.objects.filter(due_at__isnull=False).update(due_at=Now(), lease_until=None)


def states(tenant: Tenant) -> list[str]:
    with tenant_scope(tenant.pk):
        return list(Delivery.objects.order_by("pk").values_list("mail", flat=True))


def subjects(server: MailServer) -> list[str]:
    return [mail["Subject"].strip() for mail in server.mails]


def words_of(mail) -> str:
    """All that its reader can see, and its address lines."""
    parts = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
    return " ".join([*parts, *(str(value) for value in mail.values())])


# --- What a mail is -----------------------------------------------------------------------------------------------


def test_a_mail_has_text_html_links_and_the_way_to_less_of_it(happen, post, server, cast):
    happen()
    post.go_out()
    (mail,) = server.mails
    with tenant_scope(cast.acme.pk):
        link = f"{PORTAL}/t/acme/notices/{Notice.objects.get().pk}/"
    assert mail["To"] == "bob@example.com"
    assert mail["Subject"] == "Acme: “Anna” needs a person to decide"
    assert mail["List-Unsubscribe"] == f"<{PORTAL}/t/acme/notices/preferences/>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for part in (text, html):
        assert link in part
        assert f"{PORTAL}/t/acme/notices/preferences/" in part
        assert "“Anna” needs a person to decide" in part


def test_several_at_once_are_one_mail(happen, post, server):
    for number in range(3):
        happen(number, label=f"Person {number}")
    post.go_out()
    assert subjects(server) == ["Acme: “Person 2” needs a person to decide, and 2 more"]
    text = server.mails[0].get_body(("plain",)).get_content()
    assert [f"Person {number}" in text for number in range(3)] == [True] * 3


def test_a_mail_waits_for_what_else_happens(happen, post, server, settings):
    settings.NOTICE_GATHER_SECONDS = 60
    happen()
    assert sending.due_letters() == []
    assert server.mails == []


def test_a_mail_speaks_its_readers_language(happen, post, server, cast):
    with staff_scope():
        User.objects.filter(pk=cast.bob.pk).update(language="nl")
    happen()
    post.go_out()
    html = server.mails[0].get_body(("html",)).get_content()
    assert '<html lang="nl">' in html


def test_times_are_told_in_the_companys_zone(happen, post, server, cast):
    happen()
    with tenant_scope(cast.acme.pk):
        Notice.objects.update(happened_at=datetime(2026, 7, 1, 22, 30, tzinfo=ZoneInfo("UTC")))
    post.go_out()
    assert "2 July 2026, 00:30 (Europe/Amsterdam)" in server.mails[0].get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    "nasty", ["x\r\nBcc: all@example.com", "x\nBcc: y", "x\x00\x1b[31m", "x\u2028Bcc: z", "x\u202ey"]
)
def test_no_name_becomes_a_header(happen, post, server, nasty):
    happen(label=nasty.replace("\x00", ""))
    post.go_out()
    (mail,) = server.mails
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]
    assert subject_line(nasty).isprintable()


def test_a_company_with_a_nasty_name_sends_no_header(happen, post, server, cast):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(name="Acme\r\nBcc: all@example.com")
    happen()
    post.go_out()
    assert server.mails[0]["Bcc"] is None
    assert subjects(server)[0].startswith("Acme Bcc: all@example.com: ")


def test_markup_in_a_name_is_shown_and_not_believed(happen, post, server):
    happen(label="<img src=x>")
    post.go_out()
    assert "&lt;img src=x&gt;" in server.mails[0].get_body(("html",)).get_content()
    assert "“<img src=x>”" in server.mails[0].get_body(("plain",)).get_content()


# --- Once, and never lost -----------------------------------------------------------------------------------------


def test_a_mail_server_that_is_away_loses_nothing(happen, post, server, cast):
    server.stop()
    happen()
    post.go_out()
    assert states(cast.acme) == ["waiting"]
    happen(2, who=cast.adam)
    assert sending.due_letters() == [], "everybody leaves it alone for a moment"
    server.start()
    minutes_later(cast.acme)
    post.go_out()
    assert sorted(mail["To"] for mail in server.mails) == ["adam@example.com", "bob@example.com"]
    minutes_later(cast.acme)
    post.go_out()
    assert len(server.mails) == 2
    assert states(cast.acme) == ["sent", "sent"]


def test_a_mail_whose_taking_was_not_confirmed_leaves_again_as_the_same(happen, post, server, cast):
    server.breaks_off = 1
    happen()
    post.go_out()
    happen(2, label="Something later")
    minutes_later(cast.acme)
    post.go_out()
    first, again, later = server.mails
    assert first["Message-ID"] == again["Message-ID"] != later["Message-ID"]
    assert first.get_body(("plain",)).get_content() == again.get_body(("plain",)).get_content()


def test_a_worker_that_died_before_sending_is_followed_by_another_with_the_same_mail(happen, post, server, cast):
    happen()
    ((tenant_id, delivery_id),) = sending.due_letters()
    dead = sending.claim(tenant_id, delivery_id)
    post.go_out()
    assert server.mails == [], "its lease holds"
    minutes_later(cast.acme)
    post.go_out()
    (mail,) = server.mails
    assert mail["Message-ID"] == dead.message.extra_headers["Message-ID"]


def test_of_many_workers_one_sends(happen, post, server, cast):
    for number in range(4):
        happen(number)
    waiting = sending.due_letters()

    def send(letter):
        try:
            sending.send(*letter)
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, waiting * 2))
    assert len(server.mails) == 1


def test_it_is_given_up_after_days_and_the_page_says_so(happen, post, server, cast):
    server.stop()
    happen()
    with tenant_scope(cast.acme.pk):
        Notice.objects.update(happened_at=timezone.now() - timedelta(days=4))
    post.go_out()
    assert states(cast.acme) == ["failed"]
    assert "the mail about it could not be delivered" in page_of(cast.bob)


def test_a_mailbox_that_is_refused_is_given_up_and_holds_up_nobody(happen, post, server, cast):
    server.refused = {"bob@example.com"}
    happen()
    happen(2, who=cast.adam)
    post.go_out()
    assert states(cast.acme) == ["failed", "sent"]


def test_pauses_grow_up_to_an_hour():
    pauses = [sending.pause(attempts) for attempts in (1, 2, 3, 7, 50)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 60, 60)]


# --- To nobody else -----------------------------------------------------------------------------------------------


def test_nothing_of_one_company_is_in_anothers_mail(happen, post, server, cast):
    """Charlie works for both."""
    with staff_scope():
        Membership.objects.create(tenant=cast.acme, user=cast.charlie, role=Role.OPERATOR)
    happen(1, who=cast.charlie, label="Of Acme")
    happen(1, who=cast.charlie, tenant=cast.globex, label="Of Globex")
    post.go_out()
    server.mails.sort(key=lambda mail: mail["Subject"].strip())
    assert len(server.mails) == 2
    for mail, mine, other in zip(server.mails, ("acme", "globex"), ("globex", "acme"), strict=True):
        assert f"Of {mine.title()}" in words_of(mail)
        assert other not in words_of(mail).lower()


def test_who_left_gets_none(happen, post, server, cast):
    happen()
    with tenant_scope(cast.acme.pk):
        remove_member(Membership.objects.get(user=cast.bob), acting_user=cast.alice)
    post.go_out()
    assert (server.mails, states(cast.acme)) == ([], ["dropped"])


def test_who_was_deactivated_gets_none(happen, post, server, cast):
    happen()
    with staff_scope():
        User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    post.go_out()
    assert (server.mails, states(cast.acme)) == ([], ["dropped"])


def test_who_lost_the_role_gets_none(happen, post, server, cast):
    happen()
    with tenant_scope(cast.acme.pk):
        change_role(Membership.objects.get(user=cast.bob), Role.VIEWER, acting_user=cast.alice)
    post.go_out()
    assert (server.mails, states(cast.acme)) == ([], ["dropped"])


def test_a_suspended_company_gets_none_until_it_goes_on(happen, post, server, cast):
    happen()
    ((tenant_id, delivery_id),) = sending.due_letters()
    suspend_tenant(cast.acme, reason="unpaid", acting_user=cast.sue)
    sending.send(tenant_id, delivery_id)
    post.go_out()
    assert server.mails == []
    resume_tenant(cast.acme, reason="paid", acting_user=cast.sue)
    post.go_out()
    assert len(server.mails) == 1


def test_what_is_over_is_not_mailed(happen, post, server, cast):
    happen()
    with tenant_scope(cast.acme.pk):
        resolve_notice(NEEDS_PERSON, cast.acme.pk, 1)
    post.go_out()
    assert (server.mails, states(cast.acme)) == ([], ["dropped"])


# --- The digest ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "leaves"),
    [
        ("2026-07-01 07:59", "2026-07-01 06:00"),
        ("2026-07-01 08:00", "2026-07-02 06:00"),
        ("2026-10-24 20:00", "2026-10-25 07:00"),
        ("2026-10-25 00:30", "2026-10-25 07:00"),
        ("2026-03-28 20:00", "2026-03-29 06:00"),
        ("2026-12-31 23:59", "2027-01-01 07:00"),
    ],
)
def test_it_leaves_at_eight_in_the_company_also_when_the_clocks_change(now, leaves):
    at = next_digest(datetime.fromisoformat(now).replace(tzinfo=AMSTERDAM), AMSTERDAM)
    assert f"{at:%Y-%m-%d %H:%M}" == leaves


def test_a_day_is_one_mail_with_what_is_over_marked(post, server, cast):
    post.choose(cast.bob, NEEDS_PERSON, Mail.DAILY)
    with tenant_scope(cast.acme.pk):
        for number in (1, 2, 3):
            args = {"label": f"Person {number}", "trouble": "unknown"}
            raise_notice(NEEDS_PERSON, cast.acme.pk, number, args, only=cast.bob.pk)
        resolve_notice(NEEDS_PERSON, cast.acme.pk, 2)
    post.go_out()
    assert server.mails == []
    post.after_the_night()
    assert subjects(server) == ["Acme: 3 notices since yesterday"]
    text = server.mails[0].get_body(("plain",)).get_content()
    assert text.count("Over since") == 1
    post.after_the_night()
    assert len(server.mails) == 1, "a day without news has no mail"


def test_at_once_and_daily_do_not_mix(post, server, cast, happen):
    happen()
    with tenant_scope(cast.acme.pk):
        args = {"type": "increment", "quantity": 5, "product": "Video", "number": "O1"}
        raise_notice(FULFILLED, cast.acme.pk, 1, args, only=cast.bob.pk)
    post.go_out()
    assert len(server.mails) == 1
    post.after_the_night()
    assert subjects(server)[1] == "Acme: The order +5 × Video is fulfilled"
