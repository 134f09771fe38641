"""What the runtime roles may do, granted after every migrate: default privileges do not follow into new databases."""

from typing import Any

from django.db import connections

GRANTS = """
grant usage on schema public to portal_app, portal_staff;
grant select, insert, update, delete on all tables in schema public to portal_app, portal_staff;
grant usage, select on all sequences in schema public to portal_app, portal_staff;
revoke all on django_migrations from portal_app, portal_staff;
grant select on django_migrations to portal_app;
do $$ declare t regclass; begin
  for t in select c.oid::regclass from pg_class c
           where c.relnamespace = 'public'::regnamespace
             and obj_description(c.oid, 'pg_class') = 'append-only' loop
    execute format('revoke update, delete, truncate on %s from portal_app, portal_staff', t);
  end loop;
  -- A table of tenants without its wall is closed to everybody rather than open to all.
  for t in select a.attrelid::regclass from pg_attribute a join pg_class c on c.oid = a.attrelid
           where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
             and a.attname = 'tenant_id' and not c.relforcerowsecurity loop
    execute format('revoke all on %s from portal_app, portal_staff', t);
  end loop;
end $$;
"""


def grant_runtime_roles(using: str, **_: Any) -> None:
    """Let `portal_app` and `portal_staff` read and write rows, and only insert into tables marked append-only."""
    with connections[using].cursor() as cursor:
        cursor.execute(GRANTS, params=None)
