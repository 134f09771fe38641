from django.db import migrations

from portal.search.searchable import as_staff
from portal.tenancy.wall import OWN_TENANT

NAMES = "search_words(array[person.name, person.email], '{}')"
BEFORE = "search_words(array[old.name, old.email], '{}')"

# A person has no tenant: the words stand in each of the person's companies. Memberships there are seen by nobody but the
# person, so that is who the trigger looks as, whoever changes the name; and it writes as each company in turn.
FUNCTIONS = f"""
create or replace function search_in_tenancy_membership() returns trigger language plpgsql as $$ begin
  if tg_op = 'INSERT' then
    perform search_replace(new.tenant_id, 'tenancy.membership', new.id, null, {NAMES})
    from tenancy_user person where person.id = new.user_id;
  else
    perform search_replace(old.tenant_id, 'tenancy.membership', old.id, {NAMES}, '{{}}')
    from tenancy_user person where person.id = old.user_id;
  end if;
  return null;
end $$;
create or replace function search_in_tenancy_user() returns trigger language plpgsql as $$
declare
  tenant text := current_setting('app.tenant_id', true);
  person_id text := current_setting('app.user_id', true);
  members tenancy_membership[];
  member tenancy_membership;
begin
  perform set_config('app.tenant_id', '', true), set_config('app.user_id', new.id::text, true);
  members := array(select m from tenancy_membership m where m.user_id = new.id);
  foreach member in array members loop
    perform set_config('app.tenant_id', member.tenant_id::text, true);
    perform search_replace(
      member.tenant_id, 'tenancy.membership', member.id, {BEFORE}, {BEFORE.replace("old.", "new.")});
  end loop;
  perform set_config('app.tenant_id', coalesce(tenant, ''), true), set_config('app.user_id', coalesce(person_id, ''), true);
  return null;
end $$;
create or replace trigger search_added after insert on tenancy_membership
  for each row execute function search_in_tenancy_membership();
create or replace trigger search_gone after delete on tenancy_membership
  for each row execute function search_in_tenancy_membership();
create or replace trigger search_changed after update of name, email on tenancy_user
  for each row when (old.name is distinct from new.name or old.email is distinct from new.email)
  execute function search_in_tenancy_user();
"""
FILL = f"""
insert into search_word (tenant_id, kind, object_id, word)
select member.tenant_id, 'tenancy.membership', member.id, word
from tenancy_membership member join tenancy_user person on person.id = member.user_id, unnest({NAMES}) word
on conflict do nothing"""

# Walls that were built with the setting within a sub-select, where the planner does not see it.
PLAIN_SETTING = f"""
do $$ declare of_table text; begin
  for of_table in select tablename from pg_policies
                  where schemaname = 'public' and policyname = 'tenant' and qual like '(tenant_id = ( SELECT%' loop
    execute format($f$alter policy tenant on %I using (tenant_id = {OWN_TENANT}) with check (tenant_id = {OWN_TENANT})$f$,
                   of_table);
  end loop;
end $$"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0002_wall"), ("search", "0002_wall")]

    operations = [
        migrations.RunSQL(
            FUNCTIONS,
            "drop function search_in_tenancy_user cascade; drop function search_in_tenancy_membership cascade",
        ),
        migrations.RunSQL(PLAIN_SETTING, migrations.RunSQL.noop),
        migrations.RunSQL(as_staff(FILL, "tenancy_membership", "tenancy_user", "search_word"), migrations.RunSQL.noop),
    ]
