"""Testing a connection to the telephone system: credentials alone open nothing, and the page says so in words."""

from django.urls import reverse

from portal.vendors.explanations import explanation_of
from portal.vendors.models import Call, Connection
from portal.vendors.probing import run_test, start_test
from realtime.grants.models import Grant
from tests.provisioning.pages import text_of
from tests.realtime.granting import change, grant, open_account
from tests.realtime.switchboard import Switchboard


def after_its_test(switchboard: Switchboard, person) -> Connection:
    with switchboard.scope():
        start_test(switchboard.connection, acting_user=person)
    run_test(switchboard.tenant.pk, switchboard.connection.pk)
    with switchboard.scope():
        return Connection.objects.with_health().get(pk=switchboard.connection.pk)


def page_of(client, connection: Connection, person):
    client.force_login(person)
    return client.get(reverse("vendors:connection", args=["acme", connection.pk]))


def test_before_anybody_consented_the_test_says_what_is_missing_and_where_to_give_it(switchboard, cast, client):
    tested = after_its_test(open_account(switchboard), cast.adam)
    assert (tested.health.test_finding, explanation_of(tested).tone) == ("consent", "warning")
    page = page_of(client, tested, cast.adam)
    assert "Nobody has allowed this at the vendor yet" in text_of(page)
    assert f'href="{reverse("realtime:connect", args=["acme"])}"' in page.content.decode().split('id="health"')[1]
    assert "does not accept the client ID" not in text_of(page)


def test_a_missing_consent_says_nothing_against_the_credentials(switchboard, cast):
    tested = after_its_test(open_account(switchboard), cast.adam)
    assert (tested.health.trouble, tested.health.condition) == ("", "untested")
    with switchboard.scope():
        assert not Call.objects.filter(connection=switchboard.connection).exists()


def test_a_lost_permission_is_told_as_one(switchboard, cast):
    change(grant(open_account(switchboard), cast.adam), state=Grant.State.LOST)
    assert after_its_test(switchboard, cast.adam).health.test_finding == "consent"


def test_with_consent_the_directory_can_be_read(switchboard, cast, client):
    grant(open_account(switchboard), cast.adam, due=False)
    tested = after_its_test(switchboard, cast.adam)
    assert (tested.health.test_finding, tested.health.condition) == ("well", "healthy")
    assert "Connected. The directory can be read." in text_of(page_of(client, tested, cast.adam))
