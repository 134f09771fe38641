"""The ledger of how many users a telephone system has, written by PostgreSQL with each reading of the directory.

A reading is one moment, though it comes and goes in several statements: what counts is how many there are when it is over. The
writers of one directory hold its account, so that sequence and level never fork.
"""

import django.db.models.deletion
from django.db import migrations, models

from portal.search.searchable import as_staff
from portal.tenancy.wall import BuildWall, TenantForeignKey

USERS = "kind = 'user' and gone_at is null"

COUNT = f"""
create function realtime_level_count() returns trigger language plpgsql as $$
declare
  last record;
  counted integer;
begin
  select count(*) into counted from realtime_extension where connection_id = new.connection_id and {USERS};
  select sequence, level, recorded_at into last from realtime_userlevel
  where connection_id = new.connection_id order by sequence desc limit 1;
  if last.level is distinct from counted then
    insert into realtime_userlevel (tenant_id, connection_id, sequence, quantity, level, recorded_at)
    values (new.tenant_id, new.connection_id, coalesce(last.sequence, 0) + 1, counted - coalesce(last.level, 0), counted,
            greatest(new.read_at, last.recorded_at));
  end if;
  return null;
end $$;

create trigger level_count after update of read_at on realtime_realtimeaccount
  for each row when (new.read_at is not null and new.read_at is distinct from old.read_at)
  execute function realtime_level_count();
"""  # noqa: S608 - names of this file

DROP = """
drop trigger level_count on realtime_realtimeaccount;
drop function realtime_level_count;
"""

# What was read before there was a ledger: since when the present number holds was not kept.
BEGIN_NOW = [
    *as_staff(
        "insert into realtime_userlevel (tenant_id, connection_id, sequence, quantity, level, recorded_at)"  # noqa: S608
        " select a.tenant_id, a.connection_id, 1, found.number, found.number, now()"
        " from realtime_realtimeaccount a cross join lateral (select count(*)::integer as number from realtime_extension e"
        f" where e.connection_id = a.connection_id and {USERS}) found where a.read_at is not null",
        "realtime_extension",
        "realtime_realtimeaccount",
        "realtime_userlevel",
    ),
    # The table's own foreign keys are still to be made, which nothing may wait to be checked for.
    "set constraints all immediate",
]


class Migration(migrations.Migration):
    dependencies = [
        ("realtime", "0008_calls_by_number"),
        ("tenancy", "0004_first_steps"),
        ("vendors", "0005_lists"),
        ("search", "0002_wall"),
    ]

    operations = [
        migrations.CreateModel(
            name="UserLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveIntegerField(verbose_name="number")),
                ("quantity", models.IntegerField(verbose_name="change")),
                ("level", models.IntegerField(verbose_name="level")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "connection",
                    TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="user_levels",
                        to="vendors.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "level of users",
                "verbose_name_plural": "levels of users",
                "ordering": ["connection", "sequence"],
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "sequence"), name="realtime_level_once")
                ],
                "indexes": [models.Index(fields=["tenant", "recorded_at"], name="realtime_level_recorded")],
            },
        ),
        BuildWall("UserLevel", append_only=True),
        migrations.RunSQL(COUNT, DROP),
        migrations.RunSQL(BEGIN_NOW, migrations.RunSQL.noop),
    ]
