"""What people do with connections: each change audited, no secret in the audit, nothing half done."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.audit.models import Entry
from portal.operations.models import Operation
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.connections import (
    NameTaken,
    add_connection,
    change_connection,
    disable_connection,
    enable_connection,
)
from portal.vendors.models import Connection, ConnectionState
from tests.vendors.conftest import CLIENT_ID, SECRET

pytestmark = pytest.mark.django_db


def trail(tenant) -> list[tuple[str, str]]:
    with tenant_scope(tenant.pk):
        return list(Entry.objects.order_by("pk").values_list("action", "actor_label"))


def newest_entry(tenant) -> Entry:
    with tenant_scope(tenant.pk):
        return Entry.objects.latest("pk")


def waiting_operation(connection, trouble: str) -> Operation:
    with tenant_scope(connection.tenant_id):
        return Operation.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            kind="x",
            lane=f"{connection.pk}:{trouble}",
            label="x",
            trouble=trouble,
            failures_in_a_row=4,
            due_at=timezone.now() + timezone.timedelta(minutes=5),
        )


# --- Adding -------------------------------------------------------------------------------------------------------


def test_a_connection_is_added_with_its_state_and_what_its_vendor_needs(cast, connection):
    with tenant_scope(cast.acme.pk):
        assert connection.health.condition == "untested"
        assert [product.name for product in connection.products.all()] == ["KPN-VoiceVideo-C"], "the vendor app's own"
    assert trail(cast.acme)[-1] == ("vendors.connection_added", "alice@example.com")


def test_no_other_tenant_sees_it(cast, connection):
    with tenant_scope(cast.globex.pk):
        assert not Connection.objects.exists()
        assert not ConnectionState.objects.exists()


def test_a_name_is_taken_once(cast, connection, at_sandbox):
    with tenant_scope(cast.acme.pk), pytest.raises(NameTaken):
        add_connection(cast.acme, "kandy", at_sandbox(), acting_user=cast.alice)
    with tenant_scope(cast.globex.pk):
        add_connection(cast.globex, "kandy", at_sandbox(), acting_user=cast.charlie)


def test_a_form_sent_twice_adds_one_connection(cast, at_sandbox, account, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    key = uuid.uuid4()
    with tenant_scope(cast.acme.pk):
        first, second = (
            add_connection(cast.acme, "kandy", at_sandbox(), form_key=key, acting_user=cast.alice) for _ in range(2)
        )
        assert first == second
        assert Connection.objects.count() == 1


def test_a_forbidden_address_adds_nothing(cast, at_sandbox, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    with tenant_scope(cast.acme.pk):
        with pytest.raises(ValidationError):
            add_connection(cast.acme, "kandy", at_sandbox(), acting_user=cast.alice)
        assert not Connection.objects.exists()


# --- Changing -----------------------------------------------------------------------------------------------------


def change(cast, connection, account) -> Connection:
    with tenant_scope(cast.acme.pk):
        return change_connection(connection, account, acting_user=cast.adam)


def test_empty_credentials_keep_those_that_are_stored(cast, connection, at_sandbox):
    changed = change(cast, connection, at_sandbox(name="Renamed", client_id="", client_secret=""))
    assert (changed.client_id.reveal(), changed.client_secret.reveal()) == (CLIENT_ID, SECRET)
    entry = newest_entry(cast.acme)
    assert (entry.before, entry.after) == ({"name": "Video"}, {"name": "Renamed"})


def test_new_credentials_are_told_as_replaced_and_never_as_they_are(cast, connection, at_sandbox):
    change(cast, connection, at_sandbox(client_id="", client_secret="brand new secret"))
    entry = newest_entry(cast.acme)
    assert entry.after == {"client_secret": "replaced"}
    with staff_scope():
        everything = str(list(Entry.objects.values()))
    assert not any(secret in everything for secret in (CLIENT_ID, SECRET, "brand new secret"))


def test_without_a_difference_nothing_is_written_down(cast, connection, at_sandbox):
    before = trail(cast.acme)
    change(cast, connection, at_sandbox(client_id="", client_secret=""))
    assert trail(cast.acme) == before


@pytest.mark.parametrize(
    "different",
    [{"client_secret": "another"}, {"client_id": "another"}, {"token_url": "http://127.0.0.1:1/other"}],
)
def test_what_gives_another_token_drops_the_old_one(cast, connection, at_sandbox, state_of, different):
    with tenant_scope(cast.acme.pk):
        state = ConnectionState.objects.get(connection=connection)
        state.access_token, state.token_expires_at, state.trouble = "old token", timezone.now(), "credentials"
        state.save()
    change(cast, connection, at_sandbox(**{"client_id": "", "client_secret": "", **different}))
    state = state_of(connection)
    assert not state.access_token
    assert (state.token_expires_at, state.trouble) == (None, "")


def test_a_new_name_keeps_the_token(cast, connection, at_sandbox, state_of):
    with tenant_scope(cast.acme.pk):
        state = ConnectionState.objects.get(connection=connection)
        state.access_token = "good token"
        state.save()
    change(cast, connection, at_sandbox(name="Renamed", client_id="", client_secret=""))
    assert state_of(connection).access_token.reveal() == "good token"


def test_new_credentials_let_go_what_was_waiting_for_them(cast, connection, at_sandbox):
    stuck, healthy = waiting_operation(connection, "credentials"), waiting_operation(connection, "")
    change(cast, connection, at_sandbox(client_secret="another"))
    with tenant_scope(cast.acme.pk):
        assert list(Operation.objects.due()) == [stuck]
        assert Operation.objects.get(pk=healthy.pk).due_at == healthy.due_at


@pytest.mark.parametrize(("client_id", "forgotten"), [("another account", True), ("", False)])
def test_the_quota_is_the_accounts(cast, connection, at_sandbox, set_state, state_of, client_id, forgotten):
    until = timezone.now() + timezone.timedelta(hours=1)
    set_state(connection, quota_limit=10, quota_used=10, quiet_until=until, trouble="quota")
    change(cast, connection, at_sandbox(client_id=client_id, client_secret="another"))
    state = state_of(connection)
    assert (state.quiet_until, state.trouble) == ((None, "") if forgotten else (until, "quota"))


def test_a_name_that_is_taken_changes_nothing(cast, connection, at_sandbox):
    with tenant_scope(cast.acme.pk):
        other = add_connection(cast.acme, "kandy", at_sandbox(name="Other"), acting_user=cast.alice)
    with pytest.raises(NameTaken):
        change(cast, other, at_sandbox(name="Video", client_secret="another"))
    with tenant_scope(cast.acme.pk):
        assert Connection.objects.get(pk=other.pk).client_secret.reveal() == SECRET


# --- On and off ---------------------------------------------------------------------------------------------------


def test_disabled_nothing_is_due_and_enabled_again_it_is(cast, connection):
    operation = waiting_operation(connection, "")
    with tenant_scope(cast.acme.pk):
        Operation.objects.update(due_at=timezone.now())
        disable_connection(connection, acting_user=cast.adam)
        assert not Operation.objects.due().exists()
        assert Connection.objects.with_health().get().condition == "disabled"
        enable_connection(connection, acting_user=cast.adam)
        assert list(Operation.objects.due()) == [operation]
    assert [action for action, _who in trail(cast.acme)][-2:] == [
        "vendors.connection_disabled",
        "vendors.connection_enabled",
    ]


def test_disabling_twice_is_told_once(cast, connection):
    with tenant_scope(cast.acme.pk):
        for _ in range(2):
            disable_connection(connection, acting_user=cast.adam)
    assert [action for action, _who in trail(cast.acme)].count("vendors.connection_disabled") == 1
