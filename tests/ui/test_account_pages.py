"""django-allauth's pages in our layout: each opens, in its place, with one heading and nothing inline."""

import pytest
from django.test import RequestFactory

from portal.ui.gallery import gallery
from tests.ui.test_assets import INLINE

ENTRANCES = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/nobody-nothing/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/nothing/",
    "/accounts/inactive/",
]
OWN_PAGES = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
]


def assert_is_ours(response):
    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("<h1>") == 1
    assert 'class="pb-brand"' in html
    assert not INLINE.search(html)
    assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ENTRANCES)
def test_a_stranger_finds_the_entrance_in_our_layout(client, address):
    response = client.get(address)
    assert_is_ours(response)
    assert "pb-entrance-card" in response.content.decode()


@pytest.mark.parametrize("address", OWN_PAGES)
def test_alice_finds_her_account_in_our_layout(client, cast, address):
    client.force_login(cast.alice)
    response = client.get(address)
    assert_is_ours(response)
    html = response.content.decode()
    assert html.count('aria-current="page"') == 1
    assert "/t/acme/" in html
    assert "/t/globex/" not in html


@pytest.mark.parametrize("address", OWN_PAGES)
def test_a_stranger_is_sent_to_sign_in(client, db, address):
    assert client.get(address)["Location"].startswith("/accounts/login/")


def test_a_wrong_password_is_told_above_the_form(client, cast):
    response = client.post("/accounts/login/", {"login": cast.alice.email, "password": "not the one"})
    assert 'role="alert"' in response.content.decode()


def test_signing_out_is_asked_for_and_done_by_post_only(client, cast):
    client.force_login(cast.alice)
    assert_is_ours(client.get("/accounts/logout/"))
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_the_gallery_shows_the_components():
    request = RequestFactory().get("/ui/")
    html = gallery(request).content.decode()
    assert not INLINE.search(html)
    for piece in (
        "pb-page-header",
        "pb-tabs",
        "pb-stat",
        "pb-gauge",
        "pb-timeline",
        "pb-table",
        "pb-chart",
        "pb-dialog",
    ):
        assert piece in html
