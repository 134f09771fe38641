from django.db import migrations

from portal.tenancy.wall import BuildWall

# Ranges of one number stand for equality, and a key's hash for its text: so no extension of the database is needed.
NO_TWO_AT_ONCE = """
alter table billing_contract add constraint contract_no_two_at_once exclude using gist (
  int8range(tenant_id, tenant_id, '[]') with &&,
  int8range(hashtextextended(meter, 0) / 2, hashtextextended(meter, 0) / 2, '[]') with &&,
  int8range(object_id, object_id, '[]') with &&,
  daterange(starts_on, ends_on) with &&
)
"""
# What is inserted is bound as well: the next number, of a later month, and as many lines as the statement says.
GAPLESS = """
create function billing_statement_in_order() returns trigger language plpgsql as $$ declare last record; begin
  select sequence, month, digest into last from billing_statement where tenant_id = new.tenant_id
    order by sequence desc limit 1;
  if new.sequence <> coalesce(last.sequence, 0) + 1 or new.month <= last.month
      or new.previous_digest <> coalesce(last.digest, '') then
    raise exception 'statements follow each other without gaps' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger in_order before insert on billing_statement
  for each row execute function billing_statement_in_order();
create function billing_line_of_its_statement() returns trigger language plpgsql as $$ begin
  if new.position not between 1 and
      (select line_count from billing_statement where tenant_id = new.tenant_id and id = new.statement_id) then
    raise exception 'a closed statement takes no further lines' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger of_its_statement before insert on billing_statementline
  for each row execute function billing_line_of_its_statement();
"""
UNDO_GAPLESS = """
drop trigger in_order on billing_statement; drop function billing_statement_in_order();
drop trigger of_its_statement on billing_statementline; drop function billing_line_of_its_statement();
"""


def closed_to_tenants(table: str) -> str:
    """Of no tenant, and seen by staff alone."""
    return (
        f"alter table {table} enable row level security; alter table {table} force row level security;"
        f"create policy staff on {table} to portal_staff using (true) with check (true);"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("tenancy", "0002_wall"),
    ]

    operations = [
        BuildWall("Contract", "ClosingStep"),
        BuildWall("Statement", "StatementLine", append_only=True),
        migrations.RunSQL(
            closed_to_tenants("billing_contractcost") + closed_to_tenants("billing_closingrun"),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(NO_TWO_AT_ONCE, "alter table billing_contract drop constraint contract_no_two_at_once"),
        migrations.RunSQL(GAPLESS, UNDO_GAPLESS),
    ]
