"""Testing a connection says in words what is wrong; the call itself is a worker's, never a page's."""

import socket
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from portal.audit.models import Entry
from portal.tenancy.scope import tenant_scope
from portal.vendors import probing
from portal.vendors.connections import change_connection
from portal.vendors.explanations import explanation_of
from portal.vendors.models import Call, Connection
from portal.vendors.tasks import test_connection as run_in_worker
from tests.vendors.conftest import CLIENT_ID
from tests.vendors.raw import raw_vendor, replying, reset
from tests.vendors.raw import reply as raw_reply

pytestmark = pytest.mark.django_db


def started(connection, user) -> Connection:
    with tenant_scope(connection.tenant_id):
        probing.start_test(connection, acting_user=user)
    return connection


def result_of(connection, user) -> Connection:
    """The connection after a test, as its page reads it."""
    started(connection, user)
    run_in_worker(connection.tenant_id, connection.pk)
    with tenant_scope(connection.tenant_id):
        return Connection.objects.with_health().get(pk=connection.pk)


@pytest.fixture
def finding(cast, connection, at_sandbox):
    """The finding and the words about a connection of which something is different."""

    def find(**different) -> tuple[str, str, str]:
        with tenant_scope(cast.acme.pk):
            changed = change_connection(connection, at_sandbox(**different), acting_user=cast.alice)
        result = result_of(changed, cast.alice)
        words = explanation_of(result)
        return result.health.test_finding, str(words.title), str(words.advice)

    return find


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


# --- What is found ------------------------------------------------------------------------------------------------


def test_a_good_connection_says_what_was_seen_and_how_long_it_took(cast, connection, control):
    control.order_behind(CLIENT_ID, "increment", 7)
    result = result_of(connection, cast.alice)
    words = explanation_of(result)
    assert (result.health.test_finding, words.tone) == ("well", "success")
    assert words.detail == "Connected. 7 products, 7 of them free."
    assert result.health.test_duration_ms > 0
    assert result.health.condition == "healthy"
    with tenant_scope(cast.acme.pk):
        assert Call.objects.filter(connection=connection).count() == 2, "the token and the read are in the call log"


def test_a_name_that_does_not_resolve(finding):
    what, title, advice = finding(base_url="http://api.kpn.invalid/kandy", token_url="http://api.kpn.invalid/token")
    assert (what, title) == ("name", "The name api.kpn.invalid is not known in the network.")
    assert "token URL" in advice


def test_a_base_url_that_does_not_resolve_is_told_apart_from_the_token_url(finding):
    what, _title, advice = finding(base_url="http://api.kpn.invalid/kandy")
    assert what == "name"
    assert "base URL" in advice


def test_a_name_that_leads_into_the_portals_own_network_is_sent_nothing(cast, connection, control, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    result = result_of(connection, cast.alice)
    assert result.health.test_finding == "private"
    assert control.requests() == []


def test_a_port_where_nothing_listens(finding):
    what, title, _advice = finding(token_url=f"http://127.0.0.1:{free_port()}/token")
    assert what == "refused"
    assert "refused the connection" in title


def test_a_machine_that_cannot_prove_who_it_is(finding, sandbox):
    what, title, _advice = finding(token_url=sandbox.token_url.replace("http:", "https:"))
    assert (what, "prove who it is" in title) == ("tls", True)


def test_a_vendor_that_does_not_answer_in_time(finding, control, settings):
    settings.VENDOR_READ_TIMEOUT = 0.3
    control.add_fault("delay", path="/inventory", seconds=2)
    what, title, advice = finding()
    assert (what, "in time" in title, "base URL" in advice) == ("timeout", True, True)


def test_a_vendor_that_breaks_off(finding):
    with raw_vendor(lambda connection, request: reset(connection)) as vendor:
        assert finding(token_url=vendor.url)[0] == "broken_off"


def test_credentials_that_the_token_endpoint_refuses(finding):
    what, title, _advice = finding(client_secret="a typing mistake")
    assert (what, title) == ("credentials", "The vendor does not accept the client ID and secret.")


def test_a_token_url_that_leads_elsewhere(finding, sandbox):
    what, title, _advice = finding(token_url=sandbox.base_url + "/nothing/here")
    assert (what, title) == ("not_found", "There is no token endpoint at this address.")


def test_a_token_endpoint_that_gives_something_else(finding):
    with raw_vendor(replying(raw_reply(200, {"hello": "world"}))) as vendor:
        what, title, _advice = finding(token_url=vendor.url)
    assert (what, title) == ("unreadable", "The token endpoint's answer holds no token.")


def test_a_good_token_that_the_api_does_not_take(finding):
    with raw_vendor(replying(raw_reply(401, {"message": "Invalid access token"}))) as vendor:
        what, title, advice = finding(base_url=vendor.url)
    assert (what, title.startswith("The credentials are right")) == ("unauthorized", True)
    assert "base URL" in advice


def test_a_product_that_is_not_subscribed(finding, control):
    control.put_account(CLIENT_ID, blocked=True)
    what, _title, advice = finding()
    assert (what, "not subscribed" in advice) == ("forbidden", True)


def test_a_base_url_with_the_wrong_path(finding, sandbox):
    what, title, _advice = finding(base_url=sandbox.kandy_url + "/typo")
    assert (what, title) == ("not_found", "The API is not at this address.")


def test_a_redirect_is_not_followed(finding, control):
    control.add_fault("redirect", path="/inventory")
    assert finding()[0] == "redirect"


def test_a_quota_that_is_used_up_is_said_without_a_call(finding, cast, connection, control, set_state):
    set_state(connection, quiet_until=timezone.now() + timedelta(hours=1), trouble="quota")
    result = result_of(connection, cast.alice)
    assert result.health.test_finding == "quota"
    assert explanation_of(result).tone == "warning"
    assert control.requests() == []


def test_a_vendor_that_is_out_of_order(finding, control):
    control.add_fault("status", status=503, path="/inventory")
    assert finding()[0] == "vendor_failed"


@pytest.mark.parametrize("fault", ["broken_json", "wrong_shape"])
def test_an_answer_that_is_not_understood(finding, control, fault):
    control.add_fault(fault, path="/inventory")
    assert finding()[0] == "unreadable"


def test_credentials_whose_sealing_key_is_gone(cast, connection, control, settings):
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    result = result_of(connection, cast.alice)
    assert result.health.test_finding == "seal"
    assert "Enter client ID and secret again" in str(explanation_of(result).advice)
    assert control.requests() == []


def test_our_own_mistake_ends_the_test_too(cast, connection, monkeypatch):
    monkeypatch.setattr("portal.vendors.registry._vendors", {})
    result = result_of(connection, cast.alice)
    assert (result.health.test_finding, result.health.test_started_at) == ("our_fault", None)


# --- Once at a time -----------------------------------------------------------------------------------------------


def test_a_test_cannot_be_started_twice_at_once(cast, connection):
    started(connection, cast.alice)
    with pytest.raises(probing.TestUnderWay):
        started(connection, cast.adam)
    run_in_worker(cast.acme.pk, connection.pk)
    started(connection, cast.adam)


def test_a_bell_that_rings_twice_makes_one_test(cast, connection, control):
    result_of(connection, cast.alice)
    calls = len(control.requests())
    run_in_worker(cast.acme.pk, connection.pk)
    assert len(control.requests()) == calls


def test_a_test_that_no_worker_took_counts_as_lost_and_may_be_started_again(cast, connection, set_state, state_of):
    started(connection, cast.alice)
    set_state(connection, test_started_at=timezone.now() - probing.patience())
    assert probing.lost(state_of(connection))
    started(connection, cast.alice)
    assert probing.under_way(state_of(connection))


def test_a_test_is_asked_for_by_somebody(cast, connection):
    started(connection, cast.adam)
    with tenant_scope(cast.acme.pk):
        entry = Entry.objects.latest("pk")
    assert (entry.action, entry.actor_label) == ("vendors.connection_tested", "adam@example.com")


def test_a_person_may_try_again_at_once_after_the_credentials_were_refused(cast, connection, control):
    control.put_account(CLIENT_ID, "set right a moment later")
    assert result_of(connection, cast.alice).health.test_finding == "credentials"
    control.put_account(CLIENT_ID, "tr0ub4dor&3/acme")
    assert result_of(connection, cast.alice).health.test_finding == "well"


def test_without_a_broker_nothing_breaks(cast, connection, settings, monkeypatch, django_capture_on_commit_callbacks):
    from kombu.exceptions import OperationalError

    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr("celery.current_app.send_task", away, raising=False)
    with django_capture_on_commit_callbacks(execute=True):
        started(connection, cast.alice)
