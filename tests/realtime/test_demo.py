"""The demo's live calls: a company that is connected, and an office at work; a second load changes nothing."""

import time
import urllib.request

import pytest
from django.core.management.base import CommandError
from django.test import Client

from portal.tenancy.demo import load_companies_and_people
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from realtime import demo, demo_history
from realtime.calls.models import Call
from realtime.models import CallbackForm, Card, Extension, Grant, Subscription


@pytest.fixture
def companies(transactional_db, sandbox, settings, monkeypatch, quick_vendor):
    settings.KWEBBL_BASE_URL = sandbox.kwebbl_url
    monkeypatch.setenv("SANDBOX_URL", sandbox.control.base_url)
    monkeypatch.setenv("SANDBOX_CONTROL_TOKEN", sandbox.control_token)
    return load_companies_and_people()


def test_it_is_an_office_at_work_and_a_second_load_changes_nothing(companies, sandbox):
    for _time in range(2):
        demo.load(companies)
    with tenant_scope(companies.tenants["acme"].pk):
        assert Grant.objects.get().scopes == [
            "user.info",
            "company.dialplans",
            "company.users",
            "calls.events",
            "calls.events.presence",
            "calls.manage",
            "calls.create",
        ]
        assert Extension.objects.count() == len(demo.USERS) + len(demo.DIALPLANS)
        assert set(Extension.objects.exclude(member=None).values_list("number", "member__email")) == {
            (number, companies.people[person].email) for _name, number, person in demo.USERS if person
        }
        assert Card.objects.count() == len(demo.CUSTOMERS)
        assert Call.objects.count() == demo_history.CALLS
        assert set(Call.objects.values_list("state", flat=True)) == {"ended"}
        assert Subscription.objects.count() == 1
    assert sandbox.control.pending()["steps_due"] > 0, "the office has calls ahead of it"


def test_its_form_is_shown_by_a_shop_on_another_origin(companies, sandbox):
    demo.load(companies)
    (told,) = companies.told
    page = urllib.request.urlopen(told.split(": ", 1)[1], timeout=5).read().decode()
    with tenant_scope(companies.tenants["acme"].pk):
        form = CallbackForm.objects.get()
    address = f"/live/callback/{form.public_id}/"
    assert f'{address}"' in page
    framed = Client().get(address, headers={"referer": f"{sandbox.base_url}/shop"})
    assert framed.status_code == 200
    assert sandbox.base_url in framed["Content-Security-Policy"]


def test_an_office_goes_on_by_itself_until_it_is_told_to_stop(control):
    control.put_account("acme-live", "s3cret")
    control.put_kwebbl("acme-live", office_per_minute=600, office_callers=["+31612345001"])
    began, until = [], time.monotonic() + 20
    while not began and time.monotonic() < until:
        began = control.kwebbl("acme-live")["calls"]
        time.sleep(0.1)
    assert began
    ahead = control.pending()["steps_due"]
    control.put_kwebbl("acme-live", office_per_minute=600)
    assert control.pending()["steps_due"] <= ahead, "it is opened once"


def test_a_sandbox_that_is_away_is_said_in_one_sentence(companies, monkeypatch):
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match="live calls are not there"):
        demo.load(companies)


def test_without_a_sandbox_there_is_no_connection(companies, monkeypatch):
    monkeypatch.delenv("SANDBOX_URL")
    demo.load(companies)
    with tenant_scope(companies.tenants["acme"].pk):
        assert not Connection.objects.exists()
