"""The demo's messaging shows campaigns that have come differently far, and a second load changes nothing."""

import pytest
from django.core.management.base import CommandError

from messaging import demo
from messaging.campaigns import resending
from messaging.campaigns.tally import tally_of
from messaging.models import Batch, Campaign, Contact, Message
from portal.tenancy.demo import load_companies_and_people
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection


@pytest.fixture
def companies(transactional_db, sandbox, settings, monkeypatch):
    settings.KPN_SMS_BASE_URL = f"{sandbox.base_url}/communication/kpn/sms"
    settings.KPN_TOKEN_URL = sandbox.token_url
    monkeypatch.setenv("SANDBOX_URL", sandbox.control.base_url)
    monkeypatch.setenv("SANDBOX_CONTROL_TOKEN", sandbox.control_token)
    return load_companies_and_people()


def test_it_has_campaigns_in_many_states_and_a_second_load_changes_nothing(companies):
    for _time in range(2):
        demo.load(companies)
    with tenant_scope(companies.tenants["acme"].pk):
        campaigns = {each.name: each for each in Campaign.objects.with_counts()}
        states = {name: each.state for name, each in campaigns.items()}
        assert states.pop("Newsletter") in ("scheduled", "sending")
        assert states == {
            "Opening hours in December": "done",
            "Satisfaction survey": "done",
            "Winter sale": "scheduled",
            "Parcels": "ready",
        }
        assert all(tally_of(each).total == each.recipients for each in campaigns.values())
        ended = Message.objects.filter(campaign=campaigns["Opening hours in December"])
        assert set(ended.values_list("state", flat=True)) == {state for state, _code, _count in demo.ENDS}
        assert Contact.objects.count() == demo.PEOPLE
        assert campaigns["Parcels"].plan["left_out"]
        lost = Batch.objects.get(campaign=campaigns["Satisfaction survey"], state=Batch.State.UNKNOWN)
        again = resending.again(lost)
        resending.send_again(
            lost, reason="Nobody called", may_get_twice=again.messages, acting_user=companies.people["adam"]
        )


def test_a_sandbox_that_is_away_is_said_in_one_sentence(companies, monkeypatch):
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match="messaging is not there"):
        demo.load(companies)


def test_without_a_sandbox_there_is_no_connection(companies, monkeypatch):
    monkeypatch.delenv("SANDBOX_URL")
    demo.load(companies)
    with tenant_scope(companies.tenants["acme"].pk):
        assert not Connection.objects.exists()
