"""Every page outside the tenants is on one of these lists, so that a new one is put there on purpose."""

import pytest
from django.urls import NoReverseMatch, reverse

from tests.sweep.addresses import METHODS, addresses

# Whoever comes may see these; each protects itself by what it asks for (a password, a token, a code).
PUBLIC = {
    "healthy",
    "invitation",
    "billing_contact",
    "phone_setup",
    "live_connected",
    "callback_form",
    "callback_status",
    "account_login",
    "account_logout",
    "account_signup",
    "account_signup_by_passkey",
    "account_inactive",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
    "account_request_login_code",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "mfa_signup_webauthn",
    "mfa_trust",
}
# For people who are signed in.
SIGNED_IN = {
    "home",
    "second_factor_needed",
    "profile",
    "support:end_visit",
    "account_email",
    "account_change_password",
    "account_set_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "usersessions_list",
}
# On development servers only.
GALLERY = {"ui:gallery"}

SAMPLES = {"mfa_edit_webauthn": {"pk": 1}, "mfa_remove_webauthn": {"pk": 1}}
ADMIN = "admin:"


def outside() -> list:
    return [address for address in addresses() if not address.of_tenant]


def admin_pages() -> list:
    return [address for address in outside() if address.name.startswith(ADMIN)]


def test_every_page_outside_the_tenants_is_on_a_list():
    names = {address.name for address in outside() if not address.name.startswith(ADMIN)}
    assert names - PUBLIC - SIGNED_IN - GALLERY == set()


def test_an_unlisted_page_is_noticed():
    assert {"home", "brand_new_page"} - PUBLIC - SIGNED_IN - GALLERY == {"brand_new_page"}


@pytest.mark.parametrize("name", sorted(SIGNED_IN & {address.name for address in outside()}))
def test_nobody_is_led_to_the_sign_in(name, knock):
    url = reverse(name, kwargs=SAMPLES.get(name))
    for method in METHODS:
        response = knock(None, method, url)
        assert response.status_code in (302, 401, 405), (method, response.status_code)
        if response.status_code == 302:
            assert response["Location"].startswith("/accounts/")


@pytest.mark.parametrize("address", admin_pages(), ids=lambda address: address.name or "catch-all")
def test_the_admin_is_nothing_to_members_and_a_sign_in_to_nobody(address, people, knock):
    url = _admin_url(address)
    for method in METHODS:
        assert knock(people.alice, method, url).status_code == 404, method
        response = knock(None, method, url)
        assert response.status_code == 302, method
        assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("address", admin_pages(), ids=lambda address: address.name or "catch-all")
def test_the_admin_breaks_for_no_staff(address, people, knock):
    """Every page of every model, empty or with a row that is not there; and the lists open."""
    response = knock(people.sue, "GET", _admin_url(address))
    assert response.status_code in (200, 301, 302, 403, 404, 405), response.status_code
    if address.name.endswith("_changelist") or address.name == "admin:index":
        assert response.status_code == 200


def _admin_url(address) -> str:
    for values in ({}, {"object_id": "1"}, {"app_label": "tenancy"}, {"content_type_id": 1, "object_id": 1}):
        try:
            return reverse(address.name, kwargs=values)
        except NoReverseMatch:
            continue
    return "/admin/there-is-no-such-page/"
