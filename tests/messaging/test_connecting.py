"""KPN SMS beside the other vendors: connected and tested through the shared pages, and its two APIs by one account."""

import pytest
from celery import current_app

from messaging.client import KeyStatus, KpnSmsClient, Outgoing, SigningKeyClient
from messaging.connecting import keys_line
from messaging.models import SigningKey, SmsAccount
from portal.tenancy.scope import tenant_scope
from portal.vendors.connections import Account, add_connection, change_connection
from portal.vendors.errors import VendorRefused
from portal.vendors.explanations import explanation_of
from portal.vendors.line import Line
from portal.vendors.models import Call, Connection
from portal.vendors.probing import run_test, start_test
from tests.messaging.mailroom import SECRET

ANN = "+31612345601"


def logged(mailroom) -> list[Call]:
    with mailroom.scope():
        return list(Call.objects.filter(connection=mailroom.connection).order_by("id"))


def test_a_test_signs_in_and_sends_nothing(mailroom, cast):
    with mailroom.scope():
        start_test(mailroom.connection, acting_user=cast.adam)
    run_test(cast.acme.pk, mailroom.connection.pk)
    with mailroom.scope():
        tested = Connection.objects.with_health().get(pk=mailroom.connection.pk)
    assert tested.health.test_finding == "well"
    assert "nothing was sent" in explanation_of(tested).detail
    assert mailroom.control.sms(mailroom.client_id) == []


def test_a_new_connection_knows_where_the_keys_are(transactional_db, cast, sandbox, settings, quick_vendor):
    settings.KPN_KEYS_BASE_URL = sandbox.keys_url
    account = Account("SMS", sandbox.sms_url, sandbox.token_url, "test", client_id="acme-sms", client_secret=SECRET)
    with tenant_scope(cast.acme.pk):
        made = add_connection(cast.acme, "kpn_sms", account, acting_user=cast.adam)
        assert SmsAccount.objects.get(connection=made).keys_url == sandbox.keys_url


@pytest.fixture
def rung(monkeypatch) -> list[tuple]:
    """The tasks that a bell was rung for, with what they are called."""
    bells: list[tuple] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **options: bells.append((name, *args)))
    return bells


def some_account(sandbox, control, client_id: str) -> Account:
    control.put_account(client_id, SECRET)
    return Account("SMS", sandbox.sms_url, sandbox.token_url, "test", client_id=client_id, client_secret=SECRET)


def carry_out(bells: list[tuple]) -> None:
    """As a worker does, whatever stands at its bells."""
    current_app.loader.import_default_modules()
    while bells:
        name, *args = bells.pop(0)
        current_app.tasks[name](*args)


def test_a_new_accounts_keys_are_read_at_once_so_that_its_first_report_is_believed(
    transactional_db, cast, sandbox, control, settings, quick_vendor, rung
):
    settings.KPN_KEYS_BASE_URL = sandbox.keys_url
    account = some_account(sandbox, control, "acme-sms-of-the-first-report")
    # Another portal of the organization has had its key made.
    control.sms_settings(account.client_id, inbound_url=f"{sandbox.base_url}/nobody")
    control.sms_inbound(account.client_id, ANN, "3197000000001", "Hi")
    with tenant_scope(cast.acme.pk):
        made = add_connection(cast.acme, "kpn_sms", account, acting_user=cast.adam)
        assert rung == [], "nothing is read before the connection is there"
    assert rung == [("messaging.tasks.read_keys", cast.acme.pk, made.pk)]
    carry_out(rung)
    with tenant_scope(cast.acme.pk):
        [key] = SigningKey.objects.filter(connection=made)
    assert (key.state, bool(key.secret)) == ("active", True)


def test_another_account_has_its_keys_read_anew(transactional_db, cast, sandbox, control, settings, quick_vendor, rung):
    settings.KPN_KEYS_BASE_URL = sandbox.keys_url
    with tenant_scope(cast.acme.pk):
        made = add_connection(
            cast.acme, "kpn_sms", some_account(sandbox, control, "acme-sms-before"), acting_user=cast.adam
        )
    carry_out(rung)
    with tenant_scope(cast.acme.pk):
        read_at = SmsAccount.objects.get(connection=made).keys_read_at
        change_connection(made, some_account(sandbox, control, "acme-sms-after"), acting_user=cast.adam)
    carry_out(rung)
    with tenant_scope(cast.acme.pk):
        assert SmsAccount.objects.get(connection=made).keys_read_at > read_at


def test_both_apis_are_opened_by_one_token(mailroom):
    with mailroom.scope():
        sms, keys = Line(mailroom.connection), keys_line(mailroom.connection)
    KpnSmsClient(sms.http).send([Outgoing("Your code is 4711", [ANN])], sender="Acme", webhook_url="")
    key = SigningKeyClient(keys.http, "applications").create("a shared hush-hush", "wk_1", staged=True)
    assert key.status is KeyStatus.STAGED
    with mailroom.scope():
        sms.close()
        keys.close()
    paths = [call.path for call in logged(mailroom)]
    assert paths == [
        "/oauth/client_credential/accesstoken",
        "/communication/kpn/sms/send",
        "/webhookconfigs-kpn/applications/keys",
    ]


def test_the_call_log_of_a_connection_keeps_no_numbers_and_no_texts(mailroom):
    with mailroom.scope():
        line = Line(mailroom.connection)
    sent = KpnSmsClient(line.http).send([Outgoing("Your code is 4711", [ANN])], sender="Acme", webhook_url="")
    with mailroom.scope():
        line.close()
    call = logged(mailroom)[-1]
    assert sent.document_id in call.response
    assert "+316***01" in call.request
    assert "4711" not in call.request + call.response
    assert "345601" not in call.request + call.response


def test_an_account_without_an_address_of_keys_has_the_usual_one(mailroom, settings):
    settings.KPN_KEYS_BASE_URL = mailroom.sandbox.keys_url
    with mailroom.scope():
        SmsAccount.objects.update(keys_url="")
        line = keys_line(mailroom.connection)
    assert SigningKeyClient(line.http, "teams").list() == []


def test_an_account_may_have_its_keys_elsewhere(mailroom):
    with mailroom.scope():
        SmsAccount.objects.update(keys_url=f"{mailroom.sandbox.base_url}/elsewhere")
        line = keys_line(mailroom.connection)
    with pytest.raises(VendorRefused, match="404"):
        SigningKeyClient(line.http, "teams").list()
