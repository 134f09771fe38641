"""The demo's telephony is true: promised by people, carried out by a worker, and what the vendor has."""

import pytest
from django.core.management.base import CommandError

from portal.tenancy.demo import load_companies_and_people
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from telephony import demo
from telephony.models import CallScript, SipAccount
from tests.fixtures.worker import Worker


@pytest.fixture
def companies(transactional_db, sandbox, settings, monkeypatch, quick_vendor):
    settings.APIDAZE_BASE_URL, settings.KPN_TOKEN_URL = sandbox.apidaze_url, sandbox.token_url
    monkeypatch.setenv("SANDBOX_URL", sandbox.control.base_url)
    monkeypatch.setenv("SANDBOX_CONTROL_TOKEN", sandbox.control_token)
    return load_companies_and_people()


def test_it_is_what_the_vendor_has_and_a_second_load_changes_nothing(companies, control):
    demo.load(companies)
    worker = Worker()
    worker.tenant = companies.tenants["acme"]
    worker.work()
    demo.load(companies)
    worker.work()
    with worker.scope():
        ours = sorted(SipAccount.objects.filter(state="active").values_list("username", flat=True))
        assert CallScript.objects.get().published is not None
    assert ours == ["anna", "boardroom", "daan", "emma", "reception"]
    assert sorted(each["username"] for each in control.apidaze(demo.CLIENT_ID)["sip_accounts"]) == ours


def test_a_sandbox_that_is_away_is_said_in_one_sentence(companies, monkeypatch):
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match="telephony is not there"):
        demo.load(companies)


def test_without_a_sandbox_there_is_no_connection(companies, monkeypatch):
    monkeypatch.delenv("SANDBOX_URL")
    demo.load(companies)
    with tenant_scope(companies.tenants["acme"].pk):
        assert not Connection.objects.exists()
