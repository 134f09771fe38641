"""Many accounts at once: the ledger's trigger looks first whether any of their connections was read, and joins nothing else.

The first reading of a long list writes a thousand accounts a statement, of which none is entered. A plan made while the
table was empty compared each of them with each account that was there.
"""

from django.db import migrations

COUNTS = "state in ('active', 'deleting')"
ADDED = f"""
create or replace function telephony_level_added() returns trigger language plpgsql as $$
declare
  account telephony_sipaccount;
begin
  if not exists (
    select from telephony_mirrorstate m where m.read_at is not null and m.connection_id in (select connection_id from added)
  ) then
    return null;
  end if;
  for account in
    select * from added where {COUNTS} and exists (
      select from telephony_mirrorstate m where m.connection_id = added.connection_id and m.read_at is not null)
    order by id
  loop
    perform telephony_level_follow(account, null);
  end loop;
  return null;
end $$;
"""  # noqa: S608 - names of this file


class Migration(migrations.Migration):
    dependencies = [("telephony", "0006_levels")]

    # The function before does the same, slowly: there is nothing to go back to.
    operations = [migrations.RunSQL(ADDED, migrations.RunSQL.noop)]
