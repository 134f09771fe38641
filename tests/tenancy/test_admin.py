"""The Django admin: for staff with a second factor, and every request is on record."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin

from portal.audit.models import Entry
from portal.tenancy.models import Invitation, Membership, Role, Tenant, User
from portal.tenancy.scope import staff_scope
from tests.fixtures.cast import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


def entries(action: str) -> list[Entry]:
    with staff_scope():
        return list(Entry.objects.filter(action=action).order_by("pk"))


def pick(client, model: str, action: str, *rows, **more):
    return client.post(
        f"/admin/tenancy/{model}/",
        {"action": action, "_selected_action": [row.pk for row in rows], **more},
        follow=True,
    )


def test_staff_sees_all_companies_and_each_request_is_on_record(sue, cast):
    page = sue.get("/admin/tenancy/tenant/?q=")
    assert "Acme" in page.text
    assert "Globex" in page.text
    [entry] = entries("staff.viewed")
    assert (entry.actor, entry.tenant, entry.after) == (cast.sue, None, {"path": "/admin/tenancy/tenant/?q="})


def test_staff_without_a_second_factor_is_led_to_set_one_up(sue, cast):
    Authenticator.objects.filter(user=cast.sue).delete()
    answer = sue.get("/admin/tenancy/tenant/")
    assert answer["Location"] == "/second-factor/?next=%2Fadmin%2Ftenancy%2Ftenant%2F"
    assert sue.post("/admin/tenancy/tenant/").status_code == 302
    assert entries("staff.viewed") == []


def test_nobody_is_led_to_the_portals_own_sign_in(client, db):
    assert client.get("/admin/")["Location"] == "/accounts/login/?next=/admin/"
    assert client.get("/admin/login/")["Location"] == "/accounts/login/?next=/admin/"


def test_members_find_nothing_there(client, cast):
    client.force_login(cast.alice)
    for path in ("", "login/", "logout/", "tenancy/tenant/", "no-such-page/"):
        assert client.get(f"/admin/{path}").status_code == 404


def test_passwords_are_changed_in_one_place_only(sue):
    assert sue.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_secrets_of_accounts_have_no_page():
    shown = {model._meta.app_label for model in admin.site._registry}
    assert shown & {"mfa", "usersessions", "account", "sessions"} == set()


def test_suspending_asks_for_a_reason_first(sue, cast):
    asked = pick(sue, "tenant", "suspend", cast.acme)
    assert "Reason" in asked.text
    with staff_scope():
        assert not Tenant.objects.get(pk=cast.acme.pk).suspended
    form = {"reason": "unpaid since June", "form_key": "8f7c6a52-0000-4000-8000-000000000001"}
    assert "Acme: done." in pick(sue, "tenant", "suspend", cast.acme, **form).text
    [entry] = entries("tenancy.tenant_suspended")
    assert (entry.actor, entry.tenant_id, entry.reason) == (cast.sue, cast.acme.pk, "unpaid since June")
    assert len(entries("staff.changed")) == 2


def test_a_company_is_made_with_its_owner(sue, cast):
    form = {"name": "Initech", "slug": "initech", "time_zone": "UTC", "language": "en", "owner": "Vera@example.com"}
    assert sue.post("/admin/tenancy/tenant/add/", form).status_code == 302
    with staff_scope():
        made = Tenant.objects.get(slug="initech")
        assert Membership.objects.get(tenant=made).user == cast.vera
    assert "needs an owner" in sue.post("/admin/tenancy/tenant/add/", {**form, "slug": "b", "owner": ""}).text


def test_an_owner_without_an_account_is_invited(sue, cast, mailoutbox, django_capture_on_commit_callbacks):
    form = {"name": "Initech", "slug": "initech", "time_zone": "UTC", "language": "en", "owner": "new@example.com"}
    with django_capture_on_commit_callbacks(execute=True):
        assert sue.post("/admin/tenancy/tenant/add/", form).status_code == 302
    with staff_scope():
        made = Tenant.objects.get(slug="initech")
        assert not Membership.objects.filter(tenant=made).exists()
        assert Invitation.objects.get(tenant=made).role == Role.OWNER
    [mail] = mailoutbox
    assert mail.to == ["new@example.com"]
    assert "Initech" in mail.body


def test_a_company_is_changed_by_the_verb(sue, cast):
    form = {"name": "Acme Telecom", "time_zone": "UTC", "language": "en"}
    assert sue.post(f"/admin/tenancy/tenant/{cast.acme.pk}/change/", form).status_code == 302
    assert entries("tenancy.settings_changed")[0].after == {"name": "Acme Telecom", "time_zone": "UTC"}


def test_the_last_owner_stays_here_too(sue, cast):
    with staff_scope():
        alice = Membership.objects.get(user=cast.alice)
    assert "last owner" in pick(sue, "membership", "remove", alice).text
    with staff_scope():
        assert Membership.objects.filter(pk=alice.pk).exists()


def test_staff_appoints_an_owner_where_the_only_one_is_lost(sue, cast):
    with staff_scope():
        adam = Membership.objects.get(user=cast.adam)
    assert "done" in pick(sue, "membership", "make_owner", adam).text
    with staff_scope():
        assert Membership.objects.get(pk=adam.pk).role == Role.OWNER


def test_an_account_is_closed_and_on_record(sue, cast):
    assert sue.get(f"/admin/tenancy/user/{cast.bob.pk}/change/").status_code == 200
    form = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert sue.post(f"/admin/tenancy/user/{cast.bob.pk}/change/", form).status_code == 302
    assert not User.objects.get(pk=cast.bob.pk).is_active
    assert entries("account.access_changed")[0].after == {"is_active": False}


def test_a_lost_second_factor_is_removed_with_a_reason(sue, cast):
    Authenticator.objects.create(user=cast.bob, type="totp", data={"secret": "x"})
    form = {"reason": "lost telephone", "form_key": "8f7c6a52-0000-4000-8000-000000000001"}
    pick(sue, "user", "remove_second_factors", cast.bob, **form)
    assert not Authenticator.objects.filter(user=cast.bob).exists()
    assert entries("account.second_factors_removed")[0].reason == "lost telephone"
