"""The pages of people, settings and the way in."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import override_settings

from portal.audit.models import Entry
from portal.tenancy.models import Invitation, Membership, Role, Tenant, User
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.ui import home
from tests.fixtures.cast import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
KEY = "8f7c6a52-0000-4000-8000-000000000001"
SETTINGS = {"name": "Acme", "time_zone": "Europe/Amsterdam", "language": "en", "form_key": KEY}


def pk_of(cast, person) -> int:
    with tenant_scope(cast.acme.pk):
        return Membership.objects.get(user=person).pk


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def adam(client, cast):
    client.force_login(cast.adam)
    return client


# --- The way in -----------------------------------------------------------------------------------------------------


def test_nobody_is_led_to_the_sign_in(client, db):
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


FORM = "http://testserver/t/acme/settings/?from=menu"


@pytest.mark.parametrize(
    ("page", "after"),
    [
        (FORM, "/t/acme/settings/%3Ffrom%3Dmenu"),
        ("https://elsewhere.example/t/acme/", "/t/acme/"),
        ("", "/t/acme/"),
    ],
)
def test_a_form_sent_after_the_session_ended_is_told_to_be_lost_and_leads_back_to_its_page(client, db, page, after):
    answer = client.post("/t/acme/people/leave/", {}, headers={"Referer": page})
    assert answer["Location"] == f"/accounts/login/?next={after}"
    assert "You were signed out meanwhile; nothing was changed." in client.get(answer["Location"]).text


def test_a_piece_of_a_page_asked_for_after_the_session_ended_is_no_sign_in_page(client, db):
    answer = client.get("/t/acme/activity/rows/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")


def test_who_has_one_company_is_led_there(alice):
    assert alice.get("/")["Location"] == "/t/acme/"


def test_who_has_several_chooses(cast, alice):
    with staff_scope():
        Membership.objects.create(tenant=cast.globex, user=cast.alice, role=Role.VIEWER)
    page = alice.get("/").text
    assert 'href="/t/acme/"' in page
    assert 'href="/t/globex/"' in page


def test_who_has_none_is_told_what_to_do(client, cast):
    client.force_login(User.objects.create_user("lonely@example.com"))
    assert "You belong to no company yet" in client.get("/").text


def test_staff_without_a_company_is_led_to_the_admin(client, cast):
    client.force_login(cast.sue)
    assert client.get("/")["Location"] == "/admin/"


# --- The first page -------------------------------------------------------------------------------------------------


@pytest.fixture
def card(monkeypatch):
    monkeypatch.setattr(home, "_cards", {})

    def register(key, order, answer):
        home.register(home.HomeCard(key, lambda request: answer, order))

    return register


def test_cards_of_apps_stand_on_the_first_page_in_their_order(alice, card):
    card("late", 200, ("ui/stat.html", {"label": "Second card", "value": 2}))
    card("early", 100, ("ui/stat.html", {"label": "First card", "value": 1}))
    card("away", 150, None)
    text = alice.get("/t/acme/").text
    assert 0 < text.index("First card") < text.index("Second card")


def test_the_first_page_of_a_new_company_says_how_to_begin(alice):
    text = alice.get("/t/acme/").text
    assert "Nothing is connected yet" in text
    assert "Add a connection" in text


# --- People ---------------------------------------------------------------------------------------------------------


def test_everybody_sees_the_members_and_only_admins_the_invitations(client, cast, alice):
    alice.post("/t/acme/people/invite/", {"email": "new@example.com", "role": "viewer", "form_key": KEY})
    assert "new@example.com" in alice.get("/t/acme/people/").text
    client.force_login(cast.vera)
    page = client.get("/t/acme/people/").text
    assert "bob@example.com" in page
    assert "new@example.com" not in page
    assert "charlie@example.com" not in page


def test_the_own_place_in_another_company_is_not_this_ones_business(cast, alice):
    with staff_scope():
        elsewhere = Membership.objects.create(tenant=cast.globex, user=cast.alice, role=Role.OWNER)
    assert f'id="member-{elsewhere.pk}"' not in alice.get("/t/acme/people/").text
    for path in (f"{elsewhere.pk}/role/", f"{elsewhere.pk}/remove/"):
        assert alice.get(f"/t/acme/people/{path}").status_code == 404
        assert alice.post(f"/t/acme/people/{path}", {"role": "viewer", "form_key": KEY}).status_code == 404


def test_an_admin_is_offered_no_owners_role(cast, adam):
    assert 'value="owner"' not in adam.get("/t/acme/people/invite/").text
    form = {"email": "new@example.com", "role": "owner", "form_key": KEY}
    assert adam.post("/t/acme/people/invite/", form).status_code == 422
    with tenant_scope(cast.acme.pk):
        assert not Invitation.objects.exists()


@pytest.mark.parametrize("email", ["", "no address", "a@b", "x" * 300 + "@example.com", "new\x00@example.com"])
def test_what_is_no_address_is_not_invited(cast, alice, email):
    answer = alice.post("/t/acme/people/invite/", {"email": email, "role": "viewer", "form_key": KEY})
    assert answer.status_code == 422
    with tenant_scope(cast.acme.pk):
        assert not Invitation.objects.exists()


def test_inviting_a_member_says_so_in_the_form(alice):
    answer = alice.post("/t/acme/people/invite/", {"email": "bob@example.com", "role": "viewer", "form_key": KEY})
    assert answer.status_code == 422
    assert "member already" in answer.text


def test_a_role_is_changed(cast, alice):
    url = f"/t/acme/people/{pk_of(cast, cast.bob)}/role/"
    assert alice.get(url).status_code == 200
    page = alice.post(url, {"role": "admin", "form_key": KEY}, follow=True)
    assert "Bob is now: Admin." in page.text


def test_an_admin_who_reaches_for_an_owner_is_refused(cast, adam):
    url = f"/t/acme/people/{pk_of(cast, cast.alice)}"
    assert adam.post(f"{url}/role/", {"role": "viewer", "form_key": KEY}).status_code == 422
    assert "Only an owner can" in adam.post(f"{url}/remove/", follow=True).text
    assert pk_of(cast, cast.alice)


def test_removing_asks_first(cast, alice):
    url = f"/t/acme/people/{pk_of(cast, cast.bob)}/remove/"
    assert "Remove Bob from Acme?" in alice.get(url).text
    assert pk_of(cast, cast.bob)
    assert "Bob is no longer a member." in alice.post(url, follow=True).text


def test_the_last_owner_cannot_leave(cast, alice):
    assert "Appoint another owner first" in alice.post("/t/acme/people/leave/", follow=True).text
    assert pk_of(cast, cast.alice)


def test_who_leaves_is_a_stranger_at_once(client, cast):
    client.force_login(cast.vera)
    assert "You have left Acme." in client.post("/t/acme/people/leave/", follow=True).text
    assert client.get("/t/acme/").status_code == 404


@pytest.mark.parametrize("members", [3, 120])
def test_pages_cost_the_same_at_any_size(cast, alice, members, django_assert_max_num_queries):
    people = User.objects.bulk_create(User(email=f"p{n}@example.com") for n in range(members))
    with tenant_scope(cast.acme.pk):
        Membership.objects.bulk_create(Membership(tenant=cast.acme, user=person, role=Role.VIEWER) for person in people)
        Invitation.objects.bulk_create(
            Invitation(
                tenant=cast.acme,
                email=f"i{n}@example.com",
                role=Role.VIEWER,
                token_digest=str(n),
                invited_by=cast.alice,
                expires_at="2030-01-01T00:00:00Z",
            )
            for n in range(members)
        )
    for path in ("", "people/", "settings/", "people/invite/"):
        with django_assert_max_num_queries(12):
            assert alice.get(f"/t/acme/{path}").status_code == 200


# --- Settings -------------------------------------------------------------------------------------------------------


def test_settings_are_saved(cast, adam):
    wanted = {**SETTINGS, "name": "Acme  Telecom", "time_zone": "Europe/Prague", "language": "nl"}
    assert "The settings are saved." in adam.post("/t/acme/settings/", wanted, follow=True).text
    with tenant_scope(cast.acme.pk):
        acme = Tenant.objects.get()
    assert (acme.name, acme.time_zone, acme.language) == ("Acme Telecom", "Europe/Prague", "nl")


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 1_000_000}, {"time_zone": "Mars/Olympus"}, {"language": "tlh"}, {"form_key": ""}],
)
def test_wrong_settings_change_nothing(cast, adam, wrong):
    assert adam.post("/t/acme/settings/", {**SETTINGS, "name": "Other", **wrong}).status_code == 422
    with tenant_scope(cast.acme.pk):
        assert Tenant.objects.get().name == "Acme"
        assert not Entry.objects.exists()


def test_demanding_a_second_factor_without_one_is_refused_in_the_form(adam):
    answer = adam.post("/t/acme/settings/", {**SETTINGS, "require_mfa": "on"})
    assert answer.status_code == 422
    assert "lock yourself out" in answer.text


# --- The second factor ----------------------------------------------------------------------------------------------


@pytest.fixture
def strict_acme(cast):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(require_mfa=True)


def test_a_company_may_demand_a_second_factor(cast, alice, strict_acme):
    answer = alice.get("/t/acme/people/?cursor=x", follow=True)
    assert "A second factor is needed" in answer.text
    assert "next=/t/acme/people/" in answer.text
    assert "bob@example.com" not in answer.text
    TOTP.activate(cast.alice, "JBSWY3DPEHPK3PXP")
    sign_in_with_second_factor(alice, cast.alice)
    assert alice.get("/t/acme/people/").status_code == 200
    assert alice.get("/second-factor/?next=/t/acme/people/")["Location"] == "/t/acme/people/"


def test_the_way_back_leads_nowhere_else(cast, client):
    sign_in_with_second_factor(client, cast.sue)
    assert client.get("/second-factor/?next=https://evil.example/")["Location"] == "/"
    assert client.get("/second-factor/?next=//evil.example/")["Location"] == "/"


# --- The profile ----------------------------------------------------------------------------------------------------


def test_a_person_says_what_they_are_called_and_in_which_language(cast, alice):
    answer = alice.post("/accounts/profile/", {"name": "Alice Jansen", "language": "nl", "form_key": KEY})
    assert answer.cookies["django_language"].value == "nl"
    cast.alice.refresh_from_db()
    assert (cast.alice.name, cast.alice.language) == ("Alice Jansen", "nl")
    with staff_scope():
        assert Entry.objects.get(action="account.profile_changed").after == {"name": "Alice Jansen", "language": "nl"}


def test_following_the_browser_again_forgets_the_language(cast, alice):
    answer = alice.post("/accounts/profile/", {"name": "Alice", "language": "", "form_key": KEY})
    assert answer.cookies["django_language"].value == ""


@override_settings(SIGNUP_OPEN=True)
def test_open_sign_up_lets_anybody_make_an_account_and_nothing_more(client, db):
    form = {"email": "any@example.com", "password1": "a very long one", "password2": "a very long one"}
    assert client.post("/accounts/signup/", form)["Location"] == "/accounts/confirm-email/"
    assert not Membership.objects.exists()
