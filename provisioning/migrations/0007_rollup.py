"""One row for each product and month with changes, kept whenever the ledger is written.

Each statement that writes the ledger is followed once, however many rows it wrote. Entries count in the order of their
effect (the vendor's time, else ours; then their number). The writers of one product wait for each other (`ledger._locked`).
"""

import django.db.models.deletion
from django.db import migrations, models

from portal.search.searchable import as_staff
from portal.tenancy.scope import STAFF_ROLE
from portal.tenancy.wall import BuildWall, TenantForeignKey

MONTHS = """
create function provisioning_month(moment timestamptz) returns date language sql immutable parallel safe
as $$ select date_trunc('month', moment at time zone 'Europe/Amsterdam')::date $$;

create function provisioning_month_start(month date) returns timestamptz language sql immutable parallel safe
as $$ select month::timestamp at time zone 'Europe/Amsterdam' $$;
"""

# When an entry took effect. No COALESCE: behind the wall PostgreSQL looks for that in no index.
AT = "case when vendor_at is null then recorded_at else vendor_at end"

# Reads the month's own changes; the row of the month before must be right already.
ROLLUP_MONTH = f"""
create function provisioning_rollup_month(of_product bigint, of_month date) returns void language plpgsql as $$
declare
  of_tenant bigint := (select tenant_id from provisioning_product where id = of_product);
  starts timestamptz := provisioning_month_start(of_month);
  ends timestamptz := provisioning_month_start((of_month + interval '1 month')::date);
  began date := (select provisioning_month({AT}) from provisioning_inventorychange
                 where product_id = of_product order by sequence limit 1);
  carried integer := (select closing from provisioning_monthpeak
                      where product_id = of_product and month < of_month order by month desc limit 1);
  base integer := carried;
begin
  -- What was before the first entry is not known; a change that is dated there moves all that follows.
  if of_month < began then
    return;
  end if;
  if base is null then
    base := (select coalesce(sum(quantity), 0) from provisioning_inventorychange
             where tenant_id = of_tenant and product_id = of_product and {AT} < starts);
  end if;
  insert into provisioning_monthpeak as kept
    (tenant_id, product_id, month, opening, closing, peak, peak_at, peak_change_id, changes, last_at)
  with entries as (
    select id, quantity, sequence, {AT} as at from provisioning_inventorychange
    where tenant_id = of_tenant and product_id = of_product
      and {AT} >= starts and {AT} < ends
  ), levels as (
    select *, base + sum(quantity) over (order by at, sequence) as level from entries
  ), highest as (
    select * from levels where carried is null or level > carried order by level desc, at, sequence limit 1
  )
  select of_tenant, of_product, of_month, carried, base + sum(quantity), coalesce((select level from highest), carried),
         (select at from highest), (select id from highest), count(*), max(at)
  from levels
  on conflict (product_id, month) do update
    set (opening, closing, peak, peak_at, peak_change_id, changes, last_at) =
        (excluded.opening, excluded.closing, excluded.peak, excluded.peak_at, excluded.peak_change_id, excluded.changes,
         excluded.last_at);
end $$;
"""  # noqa: S608 - a name of this file

# First what nearly every statement is: one change, later than all others, in a month that has a row.
FOLLOW_LEDGER = f"""
create function provisioning_rollup() returns trigger language plpgsql as $$
declare
  entries bigint; entry bigint; product bigint; moved integer; moment timestamptz;
  of_month record;
begin
  select count(*), min(id), min(product_id), min(quantity), min({AT})
  into entries, entry, product, moved, moment from added;
  if entries = 1 then
    update provisioning_monthpeak
    set closing = closing + moved,
        peak = greatest(peak, closing + moved),
        peak_at = case when closing + moved > peak then moment else peak_at end,
        peak_change_id = case when closing + moved > peak then entry else peak_change_id end,
        changes = changes + 1,
        last_at = moment
    where product_id = product and month = provisioning_month(moment) and last_at < moment
      and not exists (select from provisioning_monthpeak later
                      where later.product_id = product and later.month > provisioning_month(moment));
    if found then
      return null;
    end if;
  end if;
  for of_month in
    select product_id, provisioning_month({AT}) as month, sum(quantity)::integer as moved
    from added group by 1, 2 order by 1, 2
  loop
    -- What came late is in the level that later months open with.
    update provisioning_monthpeak
    set opening = opening + of_month.moved, closing = closing + of_month.moved, peak = peak + of_month.moved
    where product_id = of_month.product_id and month > of_month.month;
    perform provisioning_rollup_month(of_month.product_id, of_month.month);
  end loop;
  return null;
end $$;

create trigger rollup after insert on provisioning_inventorychange
  referencing new table as added for each statement execute function provisioning_rollup();
"""  # noqa: S608 - a name of this file

REBUILD = f"""
create function provisioning_rollup_rebuild(of_product bigint) returns void language plpgsql as $$
declare of_month date;
begin
  perform set_config('app.rebuilding', 'on', true);
  delete from provisioning_monthpeak where product_id = of_product;
  for of_month in
    select distinct provisioning_month({AT}) from provisioning_inventorychange
    where product_id = of_product order by 1
  loop
    perform provisioning_rollup_month(of_product, of_month);
  end loop;
  perform set_config('app.rebuilding', '', true);
end $$;

create function provisioning_by_ledger_only() returns trigger language plpgsql as $$ begin
  raise exception '% follows the ledger and is not written by hand', tg_table_name using errcode = 'insufficient_privilege';
end $$;

create trigger by_ledger_only before insert or update or delete or truncate on provisioning_monthpeak
  for each statement when (pg_trigger_depth() = 0 and coalesce(current_setting('app.rebuilding', true), '') = '')
  execute function provisioning_by_ledger_only();
"""  # noqa: S608 - a name of this file

DROP = """
drop trigger rollup on provisioning_inventorychange;
drop function provisioning_rollup, provisioning_rollup_rebuild;
drop function provisioning_rollup_month, provisioning_month_start, provisioning_month;
drop function provisioning_by_ledger_only cascade;
"""

FILL = [
    f"grant update on provisioning_monthpeak to {STAFF_ROLE}",
    *as_staff(
        "select provisioning_rollup_rebuild(id) from provisioning_product",
        "provisioning_product",
        "provisioning_inventorychange",
        "provisioning_monthpeak",
    ),
    # The table's own foreign keys are still to be made, which nothing may wait to be checked for.
    "set constraints all immediate",
]


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0006_lists"), ("search", "0002_wall")]

    operations = [
        migrations.CreateModel(
            name="MonthPeak",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("opening", models.IntegerField(null=True, verbose_name="opening level")),
                ("closing", models.IntegerField(verbose_name="closing level")),
                ("peak", models.IntegerField(verbose_name="peak")),
                ("peak_at", models.DateTimeField(null=True, verbose_name="peak reached")),
                ("changes", models.PositiveIntegerField(verbose_name="changes")),
                ("last_at", models.DateTimeField(verbose_name="last change")),
                (
                    "peak_change",
                    TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="provisioning.inventorychange",
                        verbose_name="change that reached the peak",
                    ),
                ),
                (
                    "product",
                    TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="month_peaks",
                        to="provisioning.product",
                        verbose_name="product",
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
                "verbose_name": "month's peak",
                "verbose_name_plural": "months' peaks",
                "ordering": ["product", "month"],
                "constraints": [models.UniqueConstraint(fields=("product", "month"), name="month_peak_once")],
            },
        ),
        BuildWall("MonthPeak"),
        migrations.RemoveIndex("inventorychange", "change_by_effect"),
        migrations.AddIndex(
            "inventorychange",
            models.Index(
                "tenant",
                "product",
                models.Case(
                    models.When(vendor_at__isnull=True, then=models.F("recorded_at")), default=models.F("vendor_at")
                ),
                name="change_of_product",
            ),
        ),
        # A product's entries are all of one tenant; without knowing, PostgreSQL expects a thousandth of them.
        migrations.RunSQL(
            "create statistics change_places (dependencies) on tenant_id, product_id from provisioning_inventorychange",
            "drop statistics change_places",
        ),
        migrations.RunSQL(MONTHS + ROLLUP_MONTH + FOLLOW_LEDGER + REBUILD, DROP),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
