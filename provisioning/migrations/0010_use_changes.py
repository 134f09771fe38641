"""How many of a product's stock are in use, kept over time: a row whenever the inventory's number changes.

The writers of one inventory wait for each other by its row's lock, so the rows of a product follow one another. Clocks that
disagree never put one before the row it follows.
"""

import django.db.models.deletion
from django.db import migrations, models

from portal.search.searchable import as_staff
from portal.tenancy.wall import BuildWall, TenantForeignKey

# When the vendor was read, its number is as of then; what its answers imply meanwhile leaves `read_at` as it is.
KEEP = """
create function provisioning_keep_use() returns trigger language plpgsql as $$
declare
  moment timestamptz := new.read_at;
  last timestamptz := (select max(at) from provisioning_usechange
                       where tenant_id = new.tenant_id and product_id = new.product_id);
begin
  if tg_op = 'UPDATE' and new.read_at = old.read_at then
    moment := clock_timestamp();
  end if;
  insert into provisioning_usechange (tenant_id, product_id, at, in_use)
  values (new.tenant_id, new.product_id, greatest(moment, last), new.total - new.available);
  return null;
end $$;

create trigger keep_first_use after insert on provisioning_inventory
  for each row execute function provisioning_keep_use();
create trigger keep_use after update on provisioning_inventory
  for each row when (new.total - new.available <> old.total - old.available) execute function provisioning_keep_use();
"""

DROP = """
drop trigger keep_first_use on provisioning_inventory;
drop trigger keep_use on provisioning_inventory;
drop function provisioning_keep_use;
"""

# Since when the present number holds was not kept.
BEGIN_NOW = [
    *as_staff(
        "insert into provisioning_usechange (tenant_id, product_id, at, in_use)"
        " select tenant_id, product_id, now(), total - available from provisioning_inventory",
        "provisioning_inventory",
        "provisioning_usechange",
    ),
    # The table's own foreign keys are still to be made, which nothing may wait to be checked for.
    "set constraints all immediate",
]


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0009_first_contracts"), ("search", "0002_wall")]

    operations = [
        migrations.CreateModel(
            name="UseChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="from")),
                ("in_use", models.IntegerField(verbose_name="in use")),
                (
                    "product",
                    TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="use_changes",
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
                "verbose_name": "change of use",
                "verbose_name_plural": "changes of use",
                "ordering": ["product", "at", "pk"],
                "indexes": [models.Index(fields=["tenant", "product", "at", "id"], name="use_of_product")],
            },
        ),
        BuildWall("UseChange", append_only=True),
        migrations.RunSQL(KEEP, DROP),
        migrations.RunSQL(BEGIN_NOW, migrations.RunSQL.noop),
    ]
