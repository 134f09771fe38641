"""The pages of outgoing webhooks and call-me-back forms: what an admin does there and reads afterwards."""

import re
from uuid import uuid4

import pytest
from django.conf import settings as live_settings

from portal.audit.models import Entry
from portal.tenancy.scope import tenant_scope
from realtime.callback.models import CallbackForm
from realtime.hooks.models import Delivery, Endpoint
from tests.fixtures.cast import sign_in_with_second_factor
from tests.provisioning.pages import text_of
from tests.realtime.pages import sent, url
from tests.realtime.samples_of_others import make_agent, make_form

ADDRESS = "https://tickets.example/calls"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def adam(client, cast):
    client.force_login(cast.adam)
    return client


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


@pytest.fixture
def tickets(adam, acme) -> Endpoint:
    sent(adam, "endpoint_new", name="Tickets", url=ADDRESS, events=["call.inbound"])
    return Endpoint.objects.get()


def test_the_secret_is_shown_once(adam, acme):
    told = {"form_key": str(uuid4()), "name": "Tickets", "url": ADDRESS, "events": ["call.inbound"]}
    page = adam.post(url("endpoint_new"), told)
    (shown,) = set(SECRET.findall(page.content.decode()))
    endpoint = Endpoint.objects.get()
    assert endpoint.secret.reveal() == shown
    again = adam.post(url("endpoint_new"), told, follow=True)
    assert Endpoint.objects.count() == 1
    for page in (again, adam.get(url("endpoint", endpoint.pk)), adam.get(url("endpoints"))):
        assert shown not in page.content.decode()
    assert shown not in str(Entry.objects.get(action="realtime.endpoint_added").after)


def test_a_new_secret_is_shown_once(adam, tickets):
    told = {"form_key": str(uuid4())}
    page = adam.post(url("endpoint_secret", tickets.pk), told)
    (shown,) = set(SECRET.findall(page.content.decode()))
    assert shown != tickets.secret.reveal()
    assert "Signed with the previous secret, too, until" in text_of(page)
    again = adam.post(url("endpoint_secret", tickets.pk), told, follow=True)
    assert not SECRET.search(again.content.decode())
    assert Endpoint.objects.get().secret.reveal() == shown


@pytest.mark.parametrize(
    "told",
    [
        {"url": "ftp://tickets.example/"},
        {"url": "https://user:pass@tickets.example/"},
        {"events": ["call.unknown"]},
        {"events": []},
        {"name": " "},
    ],
)
def test_what_cannot_be_told_is_refused(adam, acme, told):
    answer = sent(adam, "endpoint_new", **{"name": "Tickets", "url": ADDRESS, "events": ["call.ended"], **told})
    assert answer.status_code == 422
    assert not Endpoint.objects.exists()


def test_private_addresses_are_refused_at_once(adam, acme, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    for address in ("http://tickets.example/", "https://10.0.0.1/", "https://localhost/", "https://169.254.169.254/"):
        assert sent(adam, "endpoint_new", name="T", url=address, events=["call.ended"]).status_code == 422, address


def test_a_name_is_taken_once(adam, tickets):
    answer = sent(adam, "endpoint_new", name="Tickets", url=ADDRESS, events=["call.ended"])
    assert answer.status_code == 422
    assert "Another webhook has the name" in text_of(answer)


def test_a_webhook_is_tried_changed_disabled_enabled_and_deleted(adam, tickets):
    assert "A test is on its way" in text_of(sent(adam, "endpoint_test", tickets.pk))
    assert Delivery.objects.get().event == "webhook.test"
    page = sent(adam, "endpoint_edit", tickets.pk, name="Desk", url=ADDRESS, events=["call.ended"])
    assert "A call ended" in text_of(page)
    assert "Nothing is sent there" in text_of(sent(adam, "endpoint_disable", tickets.pk))
    assert "This webhook is disabled" in text_of(sent(adam, "endpoint_test", tickets.pk))
    assert Delivery.objects.count() == 1
    assert "Enabled." in text_of(sent(adam, "endpoint_enable", tickets.pk))
    assert "is deleted, with its log" in text_of(sent(adam, "endpoint_delete", tickets.pk))
    assert not Endpoint.objects.exists()


def test_the_log_shows_each_message_and_sends_it_again(adam, tickets):
    sent(adam, "endpoint_test", tickets.pk)
    told = Delivery.objects.get()
    Delivery.objects.update(state="given_up", tries=12, status=500, error="The address answered with status 500.")
    listed = text_of(adam.get(url("deliveries"), {"state": "given_up"}))
    assert "The address answered with status 500." in listed
    assert text_of(adam.get(url("deliveries"), {"state": "done"})).count("webhook.test") < listed.count("webhook.test")
    assert [each.pk for each in adam.get(url("deliveries"), {"q": told.message_id}).context["page"].items] == [told.pk]
    page = adam.get(url("delivery", told.pk))
    assert told.message_id in page.content.decode()
    assert "It is sent again" in text_of(sent(adam, "delivery_resend", told.pk))
    assert Delivery.objects.get().state == "waiting"


def test_admins_alone_see_webhooks(client, cast, adam, tickets):
    client.force_login(cast.bob)
    for page in ("endpoints", "endpoint_new", "deliveries"):
        assert client.get(url(page)).status_code == 403


# --- Forms to be called back ----------------------------------------------------------------------------------------------


def filled(agent_id: int, **told: str) -> dict[str, object]:
    return {
        "name": "Shop",
        "agent": agent_id,
        "origins": "https://shop.example/contact\nhttps://www.shop.example",
        "countries": "nl, be",
        "language": "nl",
        "most_an_hour": 10,
        "enabled": "on",
        "day_0": "9:00-17:30",
        **told,
    }


@pytest.fixture
def agent(acme):
    made = make_form(acme)
    agent = made.agent
    made.delete()
    return agent


def test_a_form_is_made_and_its_lines_to_embed_are_shown(adam, agent):
    sent(adam, "callback_form_new", **filled(agent.pk))
    made = CallbackForm.objects.get()
    assert made.origins == ["https://shop.example", "https://www.shop.example"]
    assert made.countries == ["NL", "BE"]
    assert made.hours == [["09:00", "17:30"], [], [], [], [], [], []]
    page = adam.get(url("callback_form", made.pk)).content.decode()
    assert f"{live_settings.PORTAL_URL}/live/callback/{made.public_id}/" in page
    assert "&lt;iframe" in page
    assert "<iframe" not in page


@pytest.mark.parametrize(
    ("told", "flaw"),
    [
        ({"origins": "shop"}, "is no site"),
        ({"countries": "XX"}, "is no country"),
        ({"day_0": "9 to 5"}, "Write the hours as"),
        ({"most_an_hour": "0"}, "1"),
        ({"agent": "0"}, ""),
    ],
)
def test_what_a_form_cannot_be_is_told(adam, agent, told, flaw):
    answer = sent(adam, "callback_form_new", **filled(agent.pk, **told))
    assert answer.status_code == 422
    assert flaw in text_of(answer)
    assert not CallbackForm.objects.exists()


def test_a_form_is_over_the_telephone_system_of_whoever_calls_back(acme, adam, agent):
    other = make_agent(acme, "Branch office", name="Bob", number=agent.number)
    page = text_of(adam.get(url("callback_form_new")))
    assert f"Bob ({other.number}, Branch office)" in page
    assert f"Bob ({agent.number}, Telephones)" in page
    sent(adam, "callback_form_new", **filled(agent.pk))
    made = CallbackForm.objects.get()
    assert made.connection_id == agent.connection_id
    sent(adam, "callback_form_edit", made.pk, **filled(other.pk))
    assert CallbackForm.objects.get().connection_id == other.connection_id


def test_a_form_is_changed_and_deleted(adam, agent):
    sent(adam, "callback_form_new", **filled(agent.pk))
    made = CallbackForm.objects.get()
    page = sent(adam, "callback_form_edit", made.pk, **filled(agent.pk, day_0="", name="Web shop"))
    assert "Always open" in text_of(page)
    assert Entry.objects.get(action="realtime.callback_form_changed").after["name"] == "Web shop"
    assert "is deleted" in text_of(sent(adam, "callback_form_delete", made.pk))


def test_support_sees_them_and_no_secret(client, cast, tickets):
    secret = tickets.secret.reveal()
    sign_in_with_second_factor(client, cast.sue)
    page = client.get(f"/admin/realtime/endpoint/{tickets.pk}/change/")
    assert page.status_code == 200
    assert secret not in page.content.decode()
