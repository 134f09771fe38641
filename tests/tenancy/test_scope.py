"""The scope of a transaction: who sees what, and that nothing of it outlives the transaction."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.tenancy.models import Membership, Role, Tenant
from portal.tenancy.scope import NOBODY, current_scope, staff_scope, tenant_scope, user_scope

pytestmark = pytest.mark.django_db


def members() -> set[str]:
    return {membership.user.email.split("@")[0] for membership in Membership.objects.select_related("user")}


def test_without_a_scope_nothing_is_seen(cast):
    assert members() == set()
    assert not Tenant.objects.exists()


def test_a_tenant_sees_its_own_rows_without_any_filter(cast):
    with tenant_scope(cast.acme.pk):
        assert members() == {"alice", "adam", "bob", "bill", "vera"}
        assert [tenant.slug for tenant in Tenant.objects.all()] == ["acme"]


def test_a_person_sees_the_own_memberships_and_their_tenants_only(cast):
    with user_scope(cast.charlie.pk):
        assert members() == {"charlie"}
        assert [tenant.slug for tenant in Tenant.objects.all()] == ["globex"]


def test_staff_sees_all(cast):
    with staff_scope():
        assert Tenant.objects.count() == 2
        assert len(members()) == 6


def test_a_row_for_another_tenant_cannot_be_written(cast):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), tenant_scope(cast.acme.pk):
        Membership.objects.create(tenant=cast.globex, user=cast.alice, role=Role.OWNER)


def test_a_row_cannot_be_moved_to_another_tenant(cast):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), tenant_scope(cast.acme.pk):
        Membership.objects.filter(user=cast.bob).update(tenant=cast.globex)


def test_a_person_cannot_write_a_membership_for_themselves(cast):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), user_scope(cast.charlie.pk):
        Membership.objects.create(tenant=cast.acme, user=cast.charlie, role=Role.OWNER)


def test_foreign_rows_are_neither_changed_nor_deleted(cast):
    with tenant_scope(cast.acme.pk):
        assert Membership.objects.filter(user=cast.charlie).update(role=Role.VIEWER) == 0
        assert Membership.objects.filter(user=cast.charlie).delete()[0] == 0


def test_an_inner_scope_gives_the_outer_one_back(cast):
    with tenant_scope(cast.acme.pk):
        with staff_scope():
            assert Tenant.objects.count() == 2
        assert [tenant.slug for tenant in Tenant.objects.all()] == ["acme"]
    assert current_scope() == NOBODY
    assert not Tenant.objects.exists()


def test_an_exception_ends_the_scope_too(cast):
    with pytest.raises(RuntimeError), tenant_scope(cast.acme.pk):
        raise RuntimeError
    assert not Tenant.objects.exists()


def test_the_runtime_role_cannot_step_over_the_wall(cast):
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
        assert cursor.fetchone() == (False, False)
