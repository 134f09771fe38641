"""The trail itself: whose it is, and that nobody can change it."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from portal.audit.models import Entry
from portal.audit.trail import record
from portal.local.embedded import OWNER, RUNTIME, Postgres
from portal.local.pytest_plugin import test_place as place
from portal.tenancy.scope import staff_scope, tenant_scope, user_scope

pytestmark = pytest.mark.django_db

CHANGES = [
    "update audit_entry set reason = 'another'",
    "update audit_entry set reason = reason where false",
    "delete from audit_entry",
    "truncate audit_entry",
]


@pytest.fixture
def entry(cast):
    with tenant_scope(cast.acme.pk):
        return record("tenancy.settings_changed", cast.acme, after={"language": "nl"}, acting_user=cast.alice)


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("role", [RUNTIME, "portal_staff"])
def test_the_portal_may_only_add(entry, cast, statement, role):
    scope = staff_scope() if role == "portal_staff" else tenant_scope(cast.acme.pk)
    with scope, pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.django_db(transaction=True)
def test_the_owner_of_the_table_may_only_add(entry, statement):
    """The owner could take the right to change for itself, but not by mistake: the trigger stands in the way."""
    name = connection.settings_dict["NAME"]
    with Postgres(place()).connect(name, OWNER) as owner, pytest.raises(psycopg.DatabaseError, match="append-only"):
        owner.execute(statement)


def test_a_saved_entry_cannot_be_saved_again(entry, cast):
    entry.reason = "another"
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), tenant_scope(cast.acme.pk):
        entry.save()


def test_an_entry_for_another_tenant_cannot_be_written(cast):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), tenant_scope(cast.acme.pk):
        record("tenancy.settings_changed", cast.globex, acting_user=cast.alice)


def test_each_tenant_reads_its_own_and_staff_all(entry, cast):
    with tenant_scope(cast.globex.pk):
        assert not Entry.objects.exists()
        record("tenancy.settings_changed", cast.globex, acting_user=cast.charlie)
        assert Entry.objects.get().actor_label == "charlie@example.com"
    with staff_scope():
        assert {entry.tenant for entry in Entry.objects.select_related("tenant")} == {cast.acme, cast.globex}


def test_an_act_outside_any_tenant_is_read_by_who_did_it_and_by_staff(cast):
    with user_scope(cast.bob.pk):
        record("account.signed_in", cast.bob, acting_user=cast.bob)
        assert Entry.objects.get().tenant is None
    with user_scope(cast.vera.pk):
        assert not Entry.objects.exists()
    with tenant_scope(cast.acme.pk):
        assert not Entry.objects.exists()


def test_an_act_and_its_entry_stand_or_fall_together(cast):
    def act() -> None:
        with tenant_scope(cast.acme.pk):
            record("tenancy.settings_changed", cast.acme, acting_user=cast.alice)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    with staff_scope():
        assert not Entry.objects.exists()


def test_names_stay_as_they_were(entry, cast):
    cast.alice.email = "alice.new@example.com"
    cast.alice.save()
    with tenant_scope(cast.acme.pk):
        assert Entry.objects.get().actor_label == "alice@example.com"
