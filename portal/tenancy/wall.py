"""The wall between tenants, as a migration operation: row level security, composite foreign keys, append-only triggers.

`BuildWall("Order", "Subscriber")` at the end of a migration makes each table: unknown without a scope (FORCEd for its
owner too), open to one tenant by policy `tenant`, open to `portal_staff` by policy `staff`. Foreign keys between tenant
rows carry the tenant, since constraint checks bypass row level security. Run it again after adding a `TenantForeignKey`.
"""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

# Not within a sub-select: the planner then knows whose rows are meant, and how many they are (decision 0030).
OWN_TENANT = "nullif(current_setting('app.tenant_id', true), '')::bigint"
OWN_USER = "(select nullif(current_setting('app.user_id', true), '')::bigint)"


class TenantForeignKey(models.ForeignKey):
    """A foreign key to a row of the same tenant; the constraint itself is (tenant, id) and made by `BuildWall`."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


class TenantOneToOneField(models.OneToOneField):
    """As `TenantForeignKey`, at most one row each."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


SAME_TENANT = (TenantForeignKey, TenantOneToOneField)


class BuildWall(Operation):
    """Raise the wall around the named models of the migration's own app. `append_only` also forbids UPDATE and DELETE."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, *models: str, append_only: bool = False) -> None:
        self.models, self.append_only = models, append_only

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, list(self.models), {"append_only": True} if self.append_only else {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The wall is not part of the models' state."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, old: Any, new: Any) -> None:
        models = [new.apps.get_model(app_label, name) for name in self.models]
        # All keys before the first pointer: tables may point at each other.
        statements = [statement for model in models for statement in wall_sql(model)]
        statements += [statement for model in models for statement in pointer_sql(model)]
        if self.append_only:
            statements += [statement for model in models for statement in append_only_sql(model._meta.db_table)]
        for statement in statements:
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, old: Any, new: Any) -> None:
        """The tables go, and their walls with them."""

    def describe(self) -> str:
        return f"Raise the tenants' wall around {', '.join(self.models)}"


def wall_sql(model: type[models.Model]) -> list[str]:
    table = model._meta.db_table
    statements = [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        *_policy(table, "tenant", f"using (tenant_id = {OWN_TENANT}) with check (tenant_id = {OWN_TENANT})"),
        *_policy(table, "staff", "to portal_staff using (true) with check (true)"),
    ]
    # Rows with a key of several columns are not pointed at.
    if not isinstance(model._meta.pk, models.CompositePrimaryKey):
        statements += _unique(table, f"{table}_of_tenant", "unique (tenant_id, id)")
    return statements


def pointer_sql(model: type[models.Model]) -> list[str]:
    """Foreign keys between tenant rows, which carry the tenant; the tables that they point at have their wall."""
    table, statements = model._meta.db_table, []
    for field in model._meta.local_concrete_fields:
        if isinstance(field, SAME_TENANT):
            target = field.remote_field.model._meta.db_table
            statements += _foreign_key(
                table,
                f"{table}_{field.column}_same_tenant"[:63],
                f"foreign key (tenant_id, {field.column}) references {target} (tenant_id, id)",
            )
    return statements


def append_only_sql(table: str) -> list[str]:
    """Insert-only by trigger, for the owner too; the right to change is also taken away after each migrate (`grants`)."""
    return [
        "create or replace function portal_append_only() returns trigger language plpgsql as $$ begin"
        " raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege'; end $$",
        f"create or replace trigger append_only before update or delete or truncate on {table}"
        " for each statement execute function portal_append_only()",
        f"comment on table {table} is 'append-only'",
    ]


def _policy(table: str, name: str, body: str) -> list[str]:
    return [f"drop policy if exists {name} on {table}", f"create policy {name} on {table} {body}"]


def _unique(table: str, name: str, body: str) -> list[str]:
    return [
        f"do $$ begin if not exists (select from pg_constraint where conname = '{name}') then"
        f" alter table {table} add constraint {name} {body}; end if; end $$"
    ]


def _foreign_key(table: str, name: str, body: str) -> list[str]:
    return [
        f"alter table {table} drop constraint if exists {name}",
        f"alter table {table} add constraint {name} {body} deferrable initially deferred",
    ]
