"""Apidaze beside Kandy: chosen, connected and tested through the shared pages, which know neither of them."""

import pytest
from django.urls import reverse

from portal.tenancy.scope import tenant_scope
from portal.vendors import registry
from portal.vendors.explanations import explanation_of
from portal.vendors.models import Call, Connection
from portal.vendors.tasks import test_connection as run_in_worker
from telephony.connecting import APIDAZE
from tests.telephony.conftest import CLIENT_ID, SECRET

pytestmark = pytest.mark.django_db
NEW = "/t/acme/connections/new/"


@pytest.fixture(autouse=True)
def built_in(monkeypatch, settings):
    """Telephony as it will be once its pages are there."""
    monkeypatch.setitem(registry._vendors, APIDAZE.key, APIDAZE)
    settings.VENDOR_ALLOW_INSECURE_URLS = True


@pytest.fixture
def adam(client, cast):
    client.force_login(cast.adam)
    return client


@pytest.fixture
def added(adam, cast, sandbox, account, django_capture_on_commit_callbacks) -> Connection:
    """Entered by Adam, and tested by a worker."""
    entered = {
        "name": "Telephones",
        "environment": "test",
        "base_url": sandbox.apidaze_url,
        "token_url": sandbox.token_url,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "credentials_end_on": "",
        "form_key": "0d9d5f0a-7a0e-4a4e-8a07-5f2b1f1d8b10",
    }
    assert adam.post(NEW + "?vendor=apidaze", entered).status_code == 302
    return after_its_test(cast)


def after_its_test(cast) -> Connection:
    with tenant_scope(cast.acme.pk):
        made = Connection.objects.get()
    run_in_worker(cast.acme.pk, made.pk)
    with tenant_scope(cast.acme.pk):
        return Connection.objects.with_health().get()


def test_each_vendor_is_offered_and_has_its_own_address(adam, settings):
    chooser = adam.get(NEW).content.decode()
    assert all(f'href="?vendor={key}"' in chooser for key in ("kandy", "apidaze"))
    assert settings.APIDAZE_BASE_URL in adam.get(NEW + "?vendor=apidaze").content.decode()


def test_a_connection_is_added_and_its_test_says_what_was_seen(added):
    assert (added.vendor, added.health.test_finding) == ("apidaze", "well")
    assert explanation_of(added).detail == "Connected. The domain has no external script yet."


def test_a_scripts_address_is_not_told(added, cast, control, account):
    control.set_script_behind(account, "https://acme.example/unguessable")
    with tenant_scope(cast.acme.pk):
        added.health.__class__.objects.update(test_started_at="2026-01-01T00:00Z")
    assert explanation_of(after_its_test(cast)).detail == "Connected. The domain has its external script."


def test_its_page_leads_nowhere_that_is_not_there(adam, added):
    page = adam.get(reverse("vendors:connection", args=["acme", added.pk]))
    assert page.status_code == 200
    assert "Apidaze telephony" in page.content.decode()


def test_wrong_credentials_are_told_as_with_every_vendor(adam, added, cast, control, account):
    control.put_account(account, "another secret")
    control.revoke_tokens(account)
    adam.post(reverse("vendors:connection_test", args=["acme", added.pk]))
    assert after_its_test(cast).health.test_finding == "credentials"


def test_no_secret_is_in_the_call_log(added, cast):
    with tenant_scope(cast.acme.pk):
        calls = list(Call.objects.filter(connection=added))
    assert {call.path for call in calls} >= {"/communication/apidaze/cpaas/externalscripts"}
    assert all(SECRET not in call.request + call.response for call in calls)
