"""Invitations: one mailbox, one use, one end."""

import re
import smtplib
import threading
from datetime import timedelta

import pytest
from django.core import mail, signing
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils import timezone

from portal.audit.models import Entry
from portal.tenancy import invitations
from portal.tenancy.models import Invitation, Membership, Role, Tenant, User
from portal.tenancy.refusals import (
    AdminsOnly,
    AlreadyInvited,
    AlreadyMember,
    InvitationGone,
    InvitedSomebodyElse,
    OwnersOnly,
)
from portal.tenancy.scope import staff_scope, tenant_scope

pytestmark = pytest.mark.django_db


def invite(cast, email="charlie@example.com", role=Role.OPERATOR, by=None) -> invitations.Issued:
    with tenant_scope(cast.acme.pk):
        return invitations.invite(cast.acme, email, role, acting_user=by or cast.alice)


def change(issued, **fields) -> None:
    with tenant_scope(issued.invitation.tenant_id):
        Invitation.objects.filter(pk=issued.invitation.pk).update(**fields)


def address(issued) -> str:
    return f"/invitations/{issued.token}/"


def role_in_acme(cast, person) -> str | None:
    with tenant_scope(cast.acme.pk):
        return Membership.objects.filter(user=person).values_list("role", flat=True).first()


class BrokenMailServer(EmailBackend):
    def send_messages(self, messages):
        raise smtplib.SMTPServerDisconnected("gone")


# --- Asking ---------------------------------------------------------------------------------------------------------


def test_an_invited_person_joins_once_with_the_offered_role(cast):
    issued = invite(cast)
    invitations.accept_invitation(issued.token, acting_user=cast.charlie)
    assert role_in_acme(cast, cast.charlie) == Role.OPERATOR
    with pytest.raises(InvitationGone, match="used already"):
        invitations.accept_invitation(issued.token, acting_user=cast.charlie)
    with tenant_scope(cast.acme.pk):
        assert set(Entry.objects.values_list("action", flat=True)) == {
            "tenancy.invited",
            "tenancy.invitation_accepted",
        }


def test_the_token_is_kept_nowhere(cast):
    issued = invite(cast)
    secret = signing.loads(issued.token, salt=invitations.SALT)[2]
    with tenant_scope(cast.acme.pk):
        kept = str(list(Invitation.objects.values())) + str(list(Entry.objects.values()))
    assert secret not in kept


@pytest.mark.parametrize("who", ["bob", "bill", "vera"])
def test_only_owners_and_admins_invite(cast, who):
    with pytest.raises(AdminsOnly):
        invite(cast, by=getattr(cast, who))


def test_only_owners_invite_owners(cast):
    with pytest.raises(OwnersOnly):
        invite(cast, role=Role.OWNER, by=cast.adam)
    assert invite(cast, role=Role.OWNER, by=cast.alice).invitation.role == Role.OWNER


def test_members_and_invited_people_are_not_invited_again(cast):
    with pytest.raises(AlreadyMember):
        invite(cast, email="BOB@example.com")
    invite(cast)
    with pytest.raises(AlreadyInvited):
        invite(cast, email="Charlie@Example.com")


def test_a_withdrawn_invitation_can_be_given_anew(cast):
    issued = invite(cast)
    with tenant_scope(cast.acme.pk):
        invitations.withdraw(issued.invitation, acting_user=cast.adam)
        with pytest.raises(InvitationGone):
            invitations.withdraw(issued.invitation, acting_user=cast.adam)
    assert invite(cast).invitation.state == "invited"


def test_sending_again_ends_the_old_link(cast):
    old = invite(cast)
    change(old, expires_at=timezone.now() - timedelta(days=1))
    with tenant_scope(cast.acme.pk):
        new = invitations.resend(old.invitation, acting_user=cast.adam)
    with pytest.raises(InvitationGone, match="does not lead to an invitation"):
        invitations.accept_invitation(old.token, acting_user=cast.charlie)
    invitations.accept_invitation(new.token, acting_user=cast.charlie)


# --- Accepting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired"),
        ({"revoked_at": timezone.now()}, "revoked"),
        ({"accepted_at": timezone.now()}, "accepted"),
        ({"token_digest": "0" * 64}, "unknown"),
    ],
)
def test_an_invitation_that_is_over_opens_nothing(cast, client, fields, why):
    issued = invite(cast)
    change(issued, **fields)
    with pytest.raises(InvitationGone) as refused:
        invitations.accept_invitation(issued.token, acting_user=cast.charlie)
    assert refused.value.why == why
    client.force_login(cast.charlie)
    for answer in (client.get(address(issued)), client.post(address(issued))):
        assert answer.status_code == (404 if why == "unknown" else 410)
        assert "Nothing was changed" in answer.text
    assert role_in_acme(cast, cast.charlie) is None


def test_a_suspended_company_takes_nobody_in(cast):
    issued = invite(cast)
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state="suspended")
    with pytest.raises(InvitationGone, match="suspended"):
        invitations.accept_invitation(issued.token, acting_user=cast.charlie)


@pytest.mark.parametrize("token", ["nonsense", "a:b:c", "%00", "x" * 3000])
def test_a_broken_link_says_so(client, cast, token):
    answer = client.get(f"/invitations/{token}/")
    assert answer.status_code == 404
    assert "cut off in the mail" in answer.text


def test_a_token_cannot_be_pointed_at_another_tenant(cast):
    issued = invite(cast)
    _, pk, secret = signing.loads(issued.token, salt=invitations.SALT)
    moved = signing.dumps([cast.globex.pk, pk, secret], salt=invitations.SALT)
    with pytest.raises(InvitationGone):
        invitations.accept_invitation(moved, acting_user=cast.charlie)


def test_another_person_is_told_and_gets_nothing(cast, client):
    issued = invite(cast, email="new@example.com")
    client.force_login(cast.charlie)
    for answer in (client.get(address(issued)), client.post(address(issued))):
        assert answer.status_code == 403
        assert "you are signed in as charlie@example.com" in answer.text
    with pytest.raises(InvitedSomebodyElse):
        invitations.accept_invitation(issued.token, acting_user=cast.charlie)


def test_an_address_that_is_not_verified_does_not_count(cast):
    issued = invite(cast)
    cast.charlie.emailaddress_set.update(verified=False)
    with pytest.raises(InvitedSomebodyElse):
        invitations.accept_invitation(issued.token, acting_user=cast.charlie)


def test_looking_takes_nothing_and_pressing_the_button_does(cast, client):
    issued = invite(cast)
    client.force_login(cast.charlie)
    assert "Join Acme" in client.get(address(issued)).text
    assert role_in_acme(cast, cast.charlie) is None
    assert client.post(address(issued))["Location"] == "/t/acme/"
    assert client.get("/t/acme/").status_code == 200


def test_an_existing_person_signs_in_and_comes_back(cast, client):
    from tests.fixtures.cast import PASSWORD

    issued = invite(cast)
    assert f"/accounts/login/?next={address(issued)}".replace(":", "%3A") in client.get(address(issued)).text
    answer = client.post(
        f"/accounts/login/?next={address(issued)}", {"login": "charlie@example.com", "password": PASSWORD}
    )
    assert answer["Location"] == address(issued)


def test_a_new_person_signs_up_with_the_invited_address_alone(cast, client):
    """Sign-up is closed to everybody else, and the link has proved the mailbox."""
    assert 'name="password1"' not in client.get("/accounts/signup/").text
    issued = invite(cast, email="new@example.com")
    client.get(address(issued))
    form = {"name": "New", "password1": "a very long one", "password2": "a very long one", "next": address(issued)}
    refused = client.post("/accounts/signup/", {**form, "email": "other@example.com"})
    assert "Your invitation is for new@example.com" in refused.text
    answer = client.post("/accounts/signup/", {**form, "email": "new@example.com"})
    assert answer["Location"] == address(issued)
    client.post(address(issued))
    assert role_in_acme(cast, User.objects.get(email="new@example.com")) == Role.OPERATOR


def test_a_withdrawn_invitation_opens_no_sign_up(cast, client):
    issued = invite(cast, email="new@example.com")
    client.get(address(issued))
    change(issued, revoked_at=timezone.now())
    assert 'name="password1"' not in client.get("/accounts/signup/").text


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_make_one_member(cast):
    issued = invite(cast)
    start, outcomes = threading.Barrier(2), []

    def accept():
        try:
            start.wait(timeout=10)
            invitations.accept_invitation(issued.token, acting_user=cast.charlie)
            outcomes.append("joined")
        except (InvitationGone, AlreadyMember):
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["joined", "refused"]


# --- Mail -----------------------------------------------------------------------------------------------------------


def test_the_mail_says_who_what_and_until_and_its_link_works(cast, client, django_capture_on_commit_callbacks):
    client.force_login(cast.alice)
    with django_capture_on_commit_callbacks(execute=True):
        form = {"email": "charlie@example.com", "role": "billing", "form_key": "8f7c6a52-0000-4000-8000-000000000001"}
        assert client.post("/t/acme/people/invite/", form).status_code == 302
    [message] = mail.outbox
    assert message.subject == "Alice invites you to Acme on Patchbay"
    assert message.to == ["charlie@example.com"]
    html = message.alternatives[0][0]
    for text in (message.body, html):
        assert "Billing" in text
        assert "Europe/Amsterdam" in text
    link = re.search(r"http://testserver(\S+)", message.body)[1]
    assert link in html
    client.force_login(cast.charlie)
    assert client.post(link)["Location"] == "/t/acme/"


def test_the_mail_tells_the_time_of_the_companys_zone(cast, client, django_capture_on_commit_callbacks):
    """Kiritimati is fourteen hours ahead of UTC: the day would be another."""
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(time_zone="Pacific/Kiritimati")
    client.force_login(cast.alice)
    with django_capture_on_commit_callbacks(execute=True):
        form = {"email": "new@example.com", "role": "viewer", "form_key": "8f7c6a52-0000-4000-8000-000000000002"}
        client.post("/t/acme/people/invite/", form)
    with tenant_scope(cast.acme.pk):
        ends = Invitation.objects.get(email="new@example.com").expires_at
    assert f"{ends + timedelta(hours=14):%H:%M} (Pacific/Kiritimati)" in mail.outbox[0].body


def test_no_mail_leaves_when_nothing_was_committed(cast, client):
    client.force_login(cast.alice)
    client.post("/t/acme/people/invite/", {"email": "x@example.com", "role": "viewer", "form_key": "no key"})
    assert mail.outbox == []


def test_a_mail_server_that_is_away_does_not_break_the_page(cast, client, settings, django_capture_on_commit_callbacks):
    settings.EMAIL_BACKEND = "tests.tenancy.test_invitations.BrokenMailServer"
    client.force_login(cast.alice)
    with django_capture_on_commit_callbacks(execute=True):
        form = {"email": "new@example.com", "role": "viewer", "form_key": "8f7c6a52-0000-4000-8000-000000000001"}
        assert client.post("/t/acme/people/invite/", form).status_code == 302
    assert "Not mailed" in client.get("/t/acme/people/").text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with tenant_scope(cast.acme.pk):
        waiting = Invitation.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/t/acme/invitations/{waiting.pk}/resend/")
    assert len(mail.outbox) == 1
    assert "Not mailed" not in client.get("/t/acme/people/").text


@pytest.mark.django_db(transaction=True)
def test_the_person_is_told_that_the_mail_did_not_leave(cast, client, settings):
    settings.EMAIL_BACKEND = "tests.tenancy.test_invitations.BrokenMailServer"
    client.force_login(cast.alice)
    form = {"email": "new@example.com", "role": "viewer", "form_key": "8f7c6a52-0000-4000-8000-000000000001"}
    page = client.post("/t/acme/people/invite/", form, follow=True)
    assert "the mail server did not take its mail" in page.text
    assert "new@example.com" in page.text
