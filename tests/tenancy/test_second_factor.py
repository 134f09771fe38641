"""Second factors: sealed at rest, resealed with new keys, and asked of the session and not only of the person."""

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client

from portal.tenancy.factor_seal import unseal_factor
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from portal.tenancy.sealing import SealBroken, seal
from tests.fixtures.cast import PASSWORD
from tests.tenancy.test_accounts import SECRET, current_code, sign_in, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs_factors(cast) -> tuple[TOTP, RecoveryCodes]:
    return TOTP.activate(cast.bob, SECRET), RecoveryCodes.activate(cast.bob)


def rotate() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def stored(person, kind: str) -> dict:
    return Authenticator.objects.get(user=person, type=kind).data


# --- At rest --------------------------------------------------------------------------------------------------------


def test_what_is_stored_opens_no_account(cast, bobs_factors):
    assert SECRET not in str(stored(cast.bob, "totp"))
    assert unseal_factor(stored(cast.bob, "totp")["secret"]) == SECRET
    assert len(unseal_factor(stored(cast.bob, "recovery_codes")["seed"])) == 80


def test_a_tenants_secret_does_not_open_as_a_second_factor(cast):
    with pytest.raises(SealBroken):
        unseal_factor(seal(SECRET, f"{cast.acme.pk}:vendors.connection.client_secret"))


def test_they_open_after_a_whole_rotation(client, cast, bobs_factors, settings):
    codes = bobs_factors[1].generate_codes()
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    # Bob's two, and Sue's.
    assert "mfa.Authenticator.data: 3 sealed, 3 resealed" in rotate()
    assert "mfa.Authenticator.data: 3 sealed, 0 resealed" in rotate()
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    sign_in(client, cast.bob)
    client.post("/accounts/2fa/authenticate/", {"code": current_code(SECRET)})
    assert signed_in(client)
    assert Authenticator.objects.get(user=cast.bob, type="recovery_codes").wrap().generate_codes() == codes


def test_given_recovery_codes_are_resealed_one_by_one(cast, settings):
    plain = ["20261101", "20261102"]
    sealed = [str(seal(code, "mfa")) for code in plain]
    Authenticator.objects.create(user=cast.bob, type="recovery_codes", data={"migrated_codes": sealed})
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    rotate()
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    assert [unseal_factor(code) for code in stored(cast.bob, "recovery_codes")["migrated_codes"]] == plain


def test_one_that_does_not_open_is_named_and_left_alone(cast, bobs_factors):
    lost = bobs_factors[0].instance
    Authenticator.objects.filter(pk=lost.pk).update(data={"secret": "gAAAAnonsense"})
    with pytest.raises(CommandError, match=f"mfa.Authenticator.data of row {lost.pk}"):
        rotate()
    assert stored(cast.bob, "totp") == {"secret": "gAAAAnonsense"}


def test_without_its_key_the_person_is_told_and_not_let_in(client, cast, bobs_factors, settings):
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    sign_in(client, cast.bob)
    answer = client.post("/accounts/2fa/authenticate/", {"code": current_code(SECRET)})
    assert "the key that its secret is sealed with is missing here" in answer.text
    assert not signed_in(client)


# --- Shown by the session -------------------------------------------------------------------------------------------


@pytest.fixture
def strict_acme(cast) -> None:
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(require_mfa=True)


@pytest.fixture
def old_session(cast, strict_acme, client) -> Client:
    """Bob's, opened with his password before he set up a second factor elsewhere."""
    sign_in(client, cast.bob)
    TOTP.activate(cast.bob, SECRET)
    return client


def test_a_session_from_before_is_led_to_show_it_and_back(old_session):
    assert old_session.get("/t/acme/people/")["Location"].startswith("/second-factor/")
    asked = old_session.get("/t/acme/people/", follow=True)
    assert "/accounts/2fa/reauthenticate/?next=/t/acme/people/" in asked.text
    assert "Set up an authenticator app" not in asked.text
    shown = "/accounts/2fa/reauthenticate/?next=/t/acme/people/"
    answer = old_session.post(shown, {"code": current_code(SECRET)})
    assert answer["Location"] == "/t/acme/people/"
    assert old_session.get("/t/acme/people/").status_code == 200


def test_a_staff_session_from_before_does_not_open_the_admin(client, cast):
    client.force_login(cast.sue)
    assert client.get("/admin/")["Location"].startswith("/second-factor/")


def test_a_session_that_signed_in_with_it_opens_at_once(client, cast, strict_acme):
    TOTP.activate(cast.bob, SECRET)
    sign_in(client, cast.bob)
    client.post("/accounts/2fa/authenticate/", {"code": current_code(SECRET)})
    assert client.get("/t/acme/people/").status_code == 200


def test_the_password_does_not_confirm_where_there_is_a_second_factor(old_session):
    """Else a thief's session could take the factor off, and set up one of its own."""
    answer = old_session.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
    old_session.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(type="totp", user__email="bob@example.com").exists()


@pytest.mark.django_db(transaction=True)
def test_the_session_that_sets_up_the_first_one_goes_on(client, cast, strict_acme):
    sign_in(client, cast.bob)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    client.post("/accounts/2fa/totp/activate/", {"code": current_code(client.session["mfa.totp.secret"])})
    assert client.get("/t/acme/people/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_session_that_adds_a_further_one_does_not(client, cast, strict_acme):
    sign_in(client, cast.bob)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    Authenticator.objects.create(user=cast.bob, type="webauthn", data={})
    client.get("/accounts/2fa/totp/activate/")
    client.post("/accounts/2fa/totp/activate/", {"code": current_code(client.session["mfa.totp.secret"])})
    assert Authenticator.objects.filter(user=cast.bob, type="totp").exists()
    assert client.get("/t/acme/people/").status_code == 302


def test_a_removed_factor_counts_no_more(client, cast, strict_acme):
    TOTP.activate(cast.bob, SECRET)
    sign_in(client, cast.bob)
    client.post("/accounts/2fa/authenticate/", {"code": current_code(SECRET)})
    Authenticator.objects.filter(user=cast.bob).delete()
    assert client.get("/t/acme/people/")["Location"].startswith("/second-factor/")
