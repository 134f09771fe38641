from django.db import migrations

# Prices that were set before there were contracts hold from the beginning of the running month on, as a first price does.
# The owner is bound by the wall as well; it stands open for this one reading and writing, inside this transaction.
AGREE_ON_WHAT_IS_SET = """
alter table provisioning_product no force row level security;
alter table billing_contract no force row level security;
insert into billing_contract
  (tenant_id, meter, object_id, starts_on, unit_price, free_units, zone, limit_eur, price_change, agreed_at, applied_at)
select tenant_id, 'provisioning.product', id, date_trunc('month', now() at time zone 'Europe/Amsterdam'),
  unit_price, 0, 'Europe/Amsterdam', limit_eur, 'month', now(), now()
from provisioning_product p
where (unit_price > 0 or limit_eur is not null) and not exists (
  select from billing_contract c
  where c.tenant_id = p.tenant_id and c.meter = 'provisioning.product' and c.object_id = p.id
);
set constraints all immediate;
alter table provisioning_product force row level security;
alter table billing_contract force row level security;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0008_right_sizing"),
        ("billing", "0002_wall"),
    ]

    operations = [migrations.RunSQL(AGREE_ON_WHAT_IS_SET, migrations.RunSQL.noop)]
