"""Signing in and out by django-allauth, as it is set up here."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.test import Client

from portal.audit.models import Entry
from portal.tenancy.models import User
from portal.tenancy.scope import staff_scope, user_scope
from tests.fixtures.cast import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"


def sign_in(client, person, password=PASSWORD, **headers):
    return client.post("/accounts/login/", {"login": person.email, "password": password}, **headers)


def signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def actions(person) -> list[str]:
    with staff_scope():
        return list(Entry.objects.filter(actor=person, tenant=None).order_by("pk").values_list("action", flat=True))


def current_code(secret: str) -> str:
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def test_signing_in_and_out_is_on_record_with_the_address(client, cast):
    sign_in(client, cast.bob, REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/logout/")
    assert actions(cast.bob) == ["account.signed_in", "account.signed_out"]
    with staff_scope():
        entry = Entry.objects.get(action="account.signed_in")
    assert (entry.ip_address, entry.after) == ("192.0.2.7", {"with": ["password"]})


def test_a_person_reads_the_own_acts_and_nobody_elses(client, cast):
    sign_in(client, cast.bob)
    with user_scope(cast.bob.pk):
        assert Entry.objects.count() == 1
    with user_scope(cast.alice.pk):
        assert not Entry.objects.exists()


def test_after_five_wrong_passwords_the_right_one_is_refused_too(cast):
    for _ in range(5):
        assert "not correct" in sign_in(Client(), cast.bob, "wrong").text
    client = Client()
    refused = sign_in(client, cast.bob)
    assert "Too many failed login attempts" in refused.text
    assert not signed_in(client)


def test_four_wrong_passwords_are_a_bad_memory(cast):
    for _ in range(4):
        sign_in(Client(), cast.bob, "wrong")
    client = Client()
    assert sign_in(client, cast.bob).status_code == 302
    assert signed_in(client)


def test_the_limit_counts_the_address_that_the_proxy_saw(cast, settings):
    """Else everybody behind the proxy would share one limit, or choose an address of their own."""
    settings.TRUSTED_PROXIES = 1
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    for _ in range(2):
        sign_in(Client(), cast.bob, "wrong", headers={"X-Forwarded-For": "10.0.0.1, 192.0.2.1"})
    same = sign_in(Client(), cast.bob, headers={"X-Forwarded-For": "10.9.9.9, 192.0.2.1"})
    other = sign_in(Client(), cast.bob, headers={"X-Forwarded-For": "10.0.0.1, 192.0.2.2"})
    assert (same.status_code, other.status_code) == (429, 302)


def test_a_wrong_password_is_on_record_without_it(cast):
    sign_in(Client(), cast.bob, "tr0ub4dor", REMOTE_ADDR="192.0.2.7")
    with staff_scope():
        [entry] = Entry.objects.all()
    assert (entry.action, entry.actor, entry.tenant) == ("account.password_refused", cast.bob, None)
    assert (entry.ip_address, entry.before, entry.after, entry.reason) == ("192.0.2.7", None, None, "")


def test_a_wrong_password_for_nobody_leaves_no_trace(db):
    sign_in(Client(), User(email="unknown@example.com"), "tr0ub4dor")
    with staff_scope():
        assert not Entry.objects.exists()


def test_what_is_tried_past_the_limit_is_one_entry(cast):
    for _ in range(9):
        sign_in(Client(), cast.bob, "wrong")
    assert actions(cast.bob) == ["account.password_refused"] * 5 + ["account.sign_in_blocked"]


def test_a_page_does_not_tell_whether_an_address_has_an_account(cast, settings):
    settings.SIGNUP_OPEN = True
    unknown = User(email="unknown@example.com")
    assert "not correct" in sign_in(Client(), unknown, "wrong").text
    reset = [
        Client().post("/accounts/password/reset/", {"email": email}) for email in ("bob@example.com", "x@example.com")
    ]
    assert reset[0]["Location"] == reset[1]["Location"]
    form = {"password1": "a very long one", "password2": "a very long one"}
    answers = [
        Client().post("/accounts/signup/", {**form, "email": email}) for email in ("bob@example.com", "y@example.com")
    ]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]


def test_the_second_factor_is_asked_for_and_let_in_once(client, cast):
    TOTP.activate(cast.bob, SECRET)
    assert sign_in(client, cast.bob)["Location"].startswith("/accounts/2fa/authenticate/")
    assert not signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not signed_in(client)
    code = current_code(SECRET)
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert signed_in(client)
    assert actions(cast.bob) == ["account.second_factor_refused", "account.signed_in"]
    thief = Client()
    sign_in(thief, cast.bob)
    thief.post("/accounts/2fa/authenticate/", {"code": code})
    assert not signed_in(thief)


@pytest.mark.django_db(transaction=True)
def test_setting_up_a_second_factor_is_on_record_without_its_secret(client, cast):
    sign_in(client, cast.bob)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    client.post("/accounts/2fa/totp/activate/", {"code": current_code(secret)})
    assert Authenticator.objects.filter(user=cast.bob, type="totp").exists()
    assert actions(cast.bob)[1:] == ["account.second_factor_added"] * 2
    with staff_scope():
        entries = list(Entry.objects.filter(action="account.second_factor_added"))
    assert {entry.after["kind"] for entry in entries} == {"totp", "recovery_codes"}
    assert secret not in str([entry.after for entry in entries])


def test_a_changed_password_is_on_record(client, cast):
    sign_in(client, cast.bob)
    form = {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"}
    assert client.post("/accounts/password/change/", form).status_code == 302
    assert "account.password_changed" in actions(cast.bob)


def test_ended_sessions_are_closed_and_on_record(client, cast):
    elsewhere = Client()
    sign_in(elsewhere, cast.bob)
    sign_in(client, cast.bob)
    client.post("/accounts/sessions/")
    assert elsewhere.get("/t/acme/").status_code == 302
    assert client.get("/t/acme/").status_code == 200
    with staff_scope():
        assert Entry.objects.get(action="account.sessions_ended").after == {"sessions": 1}


def test_the_portal_speaks_the_language_of_who_signs_in(client, cast):
    User.objects.filter(pk=cast.bob.pk).update(language="nl")
    assert sign_in(client, cast.bob).cookies["django_language"].value == "nl"


def test_mails_of_accounts_leave_after_commit(client, cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        client.post("/accounts/password/reset/", {"email": "bob@example.com"})
        assert mail.outbox == []
    assert len(callbacks) == 1
    assert mail.outbox[0].subject.endswith("– Patchbay")


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_is_away_costs_a_sentence(client, cast, settings):
    settings.EMAIL_BACKEND = "tests.tenancy.test_invitations.BrokenMailServer"
    answer = client.post("/accounts/password/reset/", {"email": "bob@example.com"}, follow=True)
    assert answer.status_code == 200
    assert "The mail could not be sent" in answer.text


def test_a_closed_account_is_out_at_once(client, cast):
    sign_in(client, cast.bob)
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    assert client.get("/t/acme/").status_code == 302
