"""The wall between tenants: every table with a tenant, as PostgreSQL itself describes it."""

import psycopg
import pytest
from django.apps import apps
from django.db import connection, models

from portal.local.embedded import OWNER, Postgres
from portal.local.pytest_plugin import test_place
from portal.tenancy.grants import GRANTS
from portal.tenancy.models import Tenant

pytestmark = pytest.mark.django_db

TENANT_MODELS = [
    model for model in apps.get_models() if any(field.name == "tenant" for field in model._meta.local_concrete_fields)
]
every_tenant_model = pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
APPEND_ONLY = [
    "audit_entry",
    "audit_link",
    "billing_disputefile",
    "billing_statement",
    "billing_statementline",
    "provisioning_inventorychange",
    "provisioning_usechange",
]
RUNTIME_ROLES = ["portal_app", "portal_staff"]
# Tables of no tenant. A table that is on neither side fails a test below.
SHARED_TABLES = {
    "account_emailaddress",
    "account_emailconfirmation",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_admin_log",
    "django_content_type",
    "django_migrations",
    "django_session",
    "mfa_authenticator",
    "tenancy_user",
    "tenancy_user_groups",
    "tenancy_user_user_permissions",
    "usersessions_usersession",
}
# Of no tenant either, and for the eyes of staff alone.
STAFF_TABLES = {
    "billing_closingrun",
    "billing_contractcost",
    "billing_disputefile",
    "billing_runmail",
    "billing_runreader",
    "billing_vendorinvoice",
    "billing_vendorinvoiceline",
    "support_calltally",
    "support_incident",
    "support_incidentnote",
    "support_tallymark",
}


def rows(query: str, *parameters) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def row_security(table: str) -> tuple:
    return rows("select relrowsecurity, relforcerowsecurity from pg_class where oid = %s::regclass", table)[0]


def policies(table: str) -> dict[str, tuple]:
    query = "select policyname, roles::text[], cmd, qual, with_check from pg_policies where tablename = %s"
    return {name: rest for name, *rest in rows(query, table)}


def composite_foreign_keys(table: str) -> set[tuple]:
    """(columns, target table, target columns) of the foreign keys with more than one column."""
    query = """
        select array(select attname::text from unnest(conkey) with ordinality k(n, o)
                     join pg_attribute on attrelid = conrelid and attnum = n order by o),
               confrelid::regclass::text,
               array(select attname::text from unnest(confkey) with ordinality k(n, o)
                     join pg_attribute on attrelid = confrelid and attnum = n order by o)
        from pg_constraint where conrelid = %s::regclass and contype = 'f' and cardinality(conkey) > 1"""
    return {(tuple(columns), target, tuple(there)) for columns, target, there in rows(query, table)}


def unique_columns(table: str) -> set[tuple]:
    query = """
        select array(select attname::text from unnest(conkey) with ordinality k(n, o)
                     join pg_attribute on attrelid = conrelid and attnum = n order by o)
        from pg_constraint where conrelid = %s::regclass and contype in ('u', 'p')"""
    return {tuple(columns) for (columns,) in rows(query, table)}


def links_within_a_tenant(model: type[models.Model]) -> list[models.ForeignKey]:
    return [
        field
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in TENANT_MODELS
    ]


@every_tenant_model
def test_row_level_security_is_on_and_forced(model):
    assert row_security(model._meta.db_table) == (True, True)


@every_tenant_model
def test_both_policies_stand(model):
    found = policies(model._meta.db_table)
    roles, command, sees, writes = found["tenant"]
    assert (roles, command) == (["public"], "ALL")
    assert sees == writes
    assert "tenant_id = " in sees
    assert "app.tenant_id" in sees
    assert " OR " not in sees.upper()
    assert found["staff"] == [["portal_staff"], "ALL", "true", "true"]


@every_tenant_model
def test_no_other_policy_opens_a_table(model):
    """`own`: a person's memberships and visits, and what a person did outside any tenant, which also waits to be chained."""
    owned = {"tenancy.Membership", "support.Visit", "audit.Entry", "audit.Unchained"}
    known = {"tenant", "staff"} | ({"own"} if model._meta.label in owned else set())
    assert set(policies(model._meta.db_table)) == known


@every_tenant_model
def test_a_row_can_be_pointed_at_together_with_its_tenant(model):
    """Words of the search are pointed at by nothing, and have no number."""
    key = ("tenant_id", "kind", "object_id", "word") if model._meta.label == "search.Word" else ("tenant_id", "id")
    assert key in unique_columns(model._meta.db_table)


@every_tenant_model
def test_links_to_rows_of_a_tenant_carry_the_tenant(model):
    found = composite_foreign_keys(model._meta.db_table)
    for field in links_within_a_tenant(model):
        target = field.related_model._meta.db_table
        assert (("tenant_id", field.column), target, ("tenant_id", "id")) in found, field.name


def test_there_are_links_to_check():
    assert sum(len(links_within_a_tenant(model)) for model in TENANT_MODELS) >= 5


def test_no_many_to_many_passes_the_wall():
    assert [field for model in TENANT_MODELS for field in model._meta.local_many_to_many] == []


def test_the_tenants_themselves_are_behind_it():
    assert row_security(Tenant._meta.db_table) == (True, True)
    assert set(policies(Tenant._meta.db_table)) == {"tenant", "own", "staff"}


def test_every_table_is_behind_the_wall_or_shared_on_purpose():
    tables = {name for (name,) in rows("select tablename from pg_tables where schemaname = 'public'")}
    behind = {model._meta.db_table for model in TENANT_MODELS} | {Tenant._meta.db_table}
    assert tables - behind - SHARED_TABLES - STAFF_TABLES == set()


@pytest.mark.parametrize("table", sorted(STAFF_TABLES))
def test_what_is_for_staff_opens_to_nobody_else(table):
    assert row_security(table) == (True, True)
    assert policies(table) == {"staff": [["portal_staff"], "ALL", "true", "true"]}


def test_no_view_looks_over_the_wall():
    assert rows("select table_name from information_schema.views where table_schema = 'public'") == []


@pytest.mark.parametrize("role", RUNTIME_ROLES)
def test_runtime_roles_are_bound_by_it(role):
    query = "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = %s"
    assert rows(query, role) == [(False, False, False, False)]


def test_the_runtime_role_is_who_tests_run_as():
    assert rows("select current_user, session_user") == [("portal_app", "portal_app")]


def test_staff_rights_come_by_set_role_only():
    query = (
        "select pg_has_role('portal_app', 'portal_staff', 'usage'), pg_has_role('portal_app', 'portal_staff', 'set')"
    )
    assert rows(query) == [(False, True)]


def test_the_runtime_role_owns_no_table():
    """An owner could take the wall down."""
    assert (
        rows("select tablename from pg_tables where schemaname = 'public' and tableowner = any(%s)", RUNTIME_ROLES)
        == []
    )


@pytest.mark.parametrize("role", RUNTIME_ROLES)
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_is_append_only_can_only_be_added_to(table, role):
    rights = {
        right: rows("select has_table_privilege(%s, %s, %s)", role, table, right)[0][0]
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    }
    assert rights == {"SELECT": True, "INSERT": True, "UPDATE": False, "DELETE": False, "TRUNCATE": False}


@pytest.mark.parametrize("role", RUNTIME_ROLES)
def test_other_tables_can_be_changed(role):
    """The control: without it the refusals above could come from a role without any rights."""
    assert rows("select has_table_privilege(%s, 'tenancy_membership', 'UPDATE')", role) == [(True,)]


@pytest.mark.parametrize("statement", ["update {} set id = id", "delete from {}", "truncate {} cascade"])
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_trigger_holds_for_the_owner_too(table, statement):
    with Postgres(test_place()).connect(connection.settings_dict["NAME"]) as owner:
        owner.execute(f"set role {OWNER}")
        owner.execute("set lock_timeout = '10s'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute(statement.format(table))


@pytest.mark.parametrize("role", RUNTIME_ROLES)
def test_a_table_of_tenants_without_its_wall_is_closed_rather_than_open(role):
    with (
        Postgres(test_place()).connect(connection.settings_dict["NAME"]) as owner,
        owner.transaction(force_rollback=True),
    ):
        owner.execute(f"set role {OWNER}")
        for table, column in (("forgotten", "tenant_id"), ("harmless", "name")):
            owner.execute(f"create table {table} (id bigint, {column} text)")
        owner.execute(GRANTS)
        granted = {
            table: owner.execute("select has_table_privilege(%s, %s, 'SELECT')", [role, table]).fetchone()[0]
            for table in ("forgotten", "harmless")
        }
    assert granted == {"forgotten": False, "harmless": True}
