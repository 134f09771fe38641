"""The ledger of how many SIP accounts the vendor has, written by PostgreSQL whenever an account comes or goes.

An account counts from the vendor's answer on until it is gone: while it is active or being deleted. Before the first reading
nothing is known; what that one found is the level that the ledger opens with. The writers of one connection wait for each
other, so that sequence and level never fork.
"""

import django.db.models.deletion
from django.db import migrations, models

from portal.search.searchable import as_staff
from portal.tenancy.wall import BuildWall, TenantForeignKey

COUNTS = "state in ('active', 'deleting')"
# The second half of the lock is the connection.
LOCK = "perform pg_advisory_xact_lock(hashtext('telephony_siplevel'), (of_connection % 2147483648)::integer)"

APPEND = """
create function telephony_level_append(
  of_tenant bigint, of_connection bigint, moved integer, why text, of_account bigint, told timestamptz, at timestamptz
) returns void language plpgsql as $$
declare
  last record;
begin
  select sequence, level, recorded_at into last from telephony_siplevel
  where connection_id = of_connection order by sequence desc limit 1;
  insert into telephony_siplevel
    (tenant_id, connection_id, sequence, quantity, level, cause, account_id, vendor_at, recorded_at)
  values (of_tenant, of_connection, coalesce(last.sequence, 0) + 1, moved, coalesce(last.level, 0) + moved, why, of_account,
          told, greatest(at, last.recorded_at));
end $$;
"""

# `was` is the state before, null for a new row. A vendor's time counts where it can be: not long before it was asked for, and not ahead.
FOLLOW = f"""
create function telephony_level_follow(of_account telephony_sipaccount, was text) returns void language plpgsql as $$
declare
  of_connection bigint := of_account.connection_id;
  here boolean := of_account.{COUNTS};
  told timestamptz := null;
  why text := 'reconcile';
begin
  {LOCK};
  if not exists (select from telephony_mirrorstate where connection_id = of_connection and read_at is not null) then
    return;
  end if;
  if here and was is not null then
    why := 'created';
    if of_account.vendor_created_at between of_account.created_at - interval '2 minutes' and clock_timestamp() then
      told := of_account.vendor_created_at;
    end if;
  elsif was = 'deleting' then
    why := 'deleted';
  end if;
  perform telephony_level_append(of_account.tenant_id, of_connection, case when here then 1 else -1 end, why,
                                 of_account.id, told, clock_timestamp());
end $$;

create function telephony_level_added() returns trigger language plpgsql as $$
declare
  of_connection bigint;
  account telephony_sipaccount;
begin
  for account in
    select a.* from telephony_sipaccount a join added using (id)
    where added.{COUNTS} and exists (
      select from telephony_mirrorstate m where m.connection_id = added.connection_id and m.read_at is not null)
    order by id
  loop
    perform telephony_level_follow(account, null);
  end loop;
  return null;
end $$;

create function telephony_level_moved() returns trigger language plpgsql as $$ begin
  perform telephony_level_follow(new, old.state);
  return null;
end $$;

create function telephony_level_open() returns trigger language plpgsql as $$
declare
  of_connection bigint := new.connection_id;
begin
  {LOCK};
  if not exists (select from telephony_siplevel where connection_id = of_connection) then
    perform telephony_level_append(new.tenant_id, of_connection,
      (select count(*) from telephony_sipaccount where connection_id = of_connection and {COUNTS})::integer,
      'opening', null, null, new.read_at);
  end if;
  return null;
end $$;

create trigger level_added after insert on telephony_sipaccount
  referencing new table as added for each statement execute function telephony_level_added();
create trigger level_moved after update of state on telephony_sipaccount
  for each row when ((old.{COUNTS}) <> (new.{COUNTS})) execute function telephony_level_moved();
create trigger level_open after update of read_at on telephony_mirrorstate
  for each row when (old.read_at is null and new.read_at is not null) execute function telephony_level_open();
"""  # noqa: S608 - names of this file

DROP = """
drop trigger level_added on telephony_sipaccount;
drop trigger level_moved on telephony_sipaccount;
drop trigger level_open on telephony_mirrorstate;
drop function telephony_level_added, telephony_level_moved, telephony_level_open;
drop function telephony_level_follow, telephony_level_append;
"""

# What was read before there was a ledger: since when the present number holds was not kept.
BEGIN_NOW = [
    *as_staff(
        "insert into telephony_siplevel (tenant_id, connection_id, sequence, quantity, level, cause, recorded_at)"  # noqa: S608
        " select m.tenant_id, m.connection_id, 1, found.number, found.number, 'opening', now()"
        " from telephony_mirrorstate m cross join lateral (select count(*)::integer as number from telephony_sipaccount a"
        f" where a.connection_id = m.connection_id and a.{COUNTS}) found where m.read_at is not null",
        "telephony_sipaccount",
        "telephony_mirrorstate",
        "telephony_siplevel",
    ),
    # The table's own foreign keys are still to be made, which nothing may wait to be checked for.
    "set constraints all immediate",
]


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0005_external_script"),
        ("tenancy", "0004_first_steps"),
        ("vendors", "0005_lists"),
        ("search", "0002_wall"),
    ]

    operations = [
        migrations.CreateModel(
            name="SipLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveIntegerField(verbose_name="number")),
                ("quantity", models.IntegerField(verbose_name="change")),
                ("level", models.IntegerField(verbose_name="level")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("opening", "First reading"),
                            ("created", "Created"),
                            ("deleted", "Deleted"),
                            ("reconcile", "Difference adopted"),
                        ],
                        max_length=10,
                        verbose_name="cause",
                    ),
                ),
                ("vendor_at", models.DateTimeField(null=True, verbose_name="by the vendor's clock")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "account",
                    TenantForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="telephony.sipaccount",
                        verbose_name="SIP account",
                    ),
                ),
                (
                    "connection",
                    TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sip_levels",
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
                "verbose_name": "level of SIP accounts",
                "verbose_name_plural": "levels of SIP accounts",
                "ordering": ["connection", "sequence"],
                "constraints": [models.UniqueConstraint(fields=("connection", "sequence"), name="sip_level_once")],
                "indexes": [
                    models.Index(
                        models.F("tenant"),
                        models.Case(
                            models.When(vendor_at__isnull=True, then=models.F("recorded_at")),
                            default=models.F("vendor_at"),
                        ),
                        name="sip_level_by_effect",
                    )
                ],
            },
        ),
        BuildWall("SipLevel", append_only=True),
        migrations.RunSQL(APPEND + FOLLOW, DROP),
        migrations.RunSQL(BEGIN_NOW, migrations.RunSQL.noop),
    ]
