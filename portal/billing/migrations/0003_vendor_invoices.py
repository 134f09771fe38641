import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from portal.tenancy.wall import append_only_sql

TABLES = ["billing_vendorinvoice", "billing_vendorinvoiceline", "billing_disputefile"]
# Of no tenant, and seen by staff alone.
CLOSED = "".join(
    f"alter table {table} enable row level security; alter table {table} force row level security;"
    f"create policy staff on {table} to portal_staff using (true) with check (true);"
    for table in TABLES
)
# What the vendor wrote stays as it was entered; only the columns that are named may change, and nothing is deleted.
KEPT = """
create function billing_told_is_kept() returns trigger language plpgsql as $$ begin
  if tg_op = 'DELETE' or (to_jsonb(new) - tg_argv[0]::text[]) is distinct from (to_jsonb(old) - tg_argv[0]::text[]) then
    raise exception 'what a vendor charged is kept as it was entered' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger told_is_kept before update or delete on billing_vendorinvoice for each row execute function
  billing_told_is_kept('{checked_at,withdrawn_at,withdrawn_by_id,withdrawn_reason}');
create trigger told_is_kept before update or delete on billing_vendorinvoiceline for each row execute function
  billing_told_is_kept('{outcome,proven,at_most,cost_price,expected,statement,zone,explanations,state,settled_at,settled_by_id,settled_reason,credit_note}');
create trigger withdrawn_for_good before update on billing_vendorinvoice for each row when (old.withdrawn_at is not null)
  execute function billing_told_is_kept('{}');
create trigger settled_for_good before update on billing_vendorinvoiceline for each row when (old.state = 'settled')
  execute function billing_told_is_kept('{}');
"""
UNDO_KEPT = """
drop trigger told_is_kept on billing_vendorinvoice; drop trigger told_is_kept on billing_vendorinvoiceline;
drop trigger withdrawn_for_good on billing_vendorinvoice; drop trigger settled_for_good on billing_vendorinvoiceline;
drop function billing_told_is_kept();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0002_wall'),
        ('tenancy', '0004_first_steps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='VendorInvoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vendor', models.CharField(max_length=20, verbose_name='vendor')),
                ('number', models.CharField(max_length=80, verbose_name='invoice number')),
                ('month', models.DateField(verbose_name='month')),
                ('currency', models.CharField(default='EUR', max_length=3, verbose_name='currency')),
                ('complete', models.BooleanField(default=False, verbose_name='is all of the month')),
                ('line_count', models.PositiveIntegerField(verbose_name='lines')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='amount')),
                ('file_name', models.CharField(blank=True, max_length=120, verbose_name='file')),
                ('file_digest', models.CharField(blank=True, max_length=64, verbose_name='SHA-256 of the file')),
                ('entered_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='entered')),
                ('checked_at', models.DateTimeField(editable=False, null=True, verbose_name='checked')),
                ('withdrawn_at', models.DateTimeField(editable=False, null=True, verbose_name='withdrawn')),
                ('withdrawn_reason', models.TextField(blank=True, verbose_name='reason')),
                ('entered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='entered by')),
                ('withdrawn_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='withdrawn by')),
            ],
            options={
                'verbose_name': "vendor's invoice",
                'verbose_name_plural': "vendors' invoices",
                'indexes': [
                    models.Index(fields=['month', 'vendor'], name='vendor_invoice_by_month'),
                ],
                'constraints': [
                    models.UniqueConstraint(models.F('vendor'), django.db.models.functions.text.Upper('number'), condition=models.Q(('withdrawn_at', None)), name='vendor_invoice_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='VendorInvoiceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(verbose_name='line')),
                ('on_invoice', models.BooleanField(default=True, verbose_name='on the invoice')),
                ('written', models.JSONField(default=dict, verbose_name='as the vendor wrote it')),
                ('account', models.CharField(blank=True, max_length=200, verbose_name='account')),
                ('product', models.CharField(blank=True, max_length=200, verbose_name='product on the invoice')),
                ('count', models.BigIntegerField(verbose_name='charged')),
                ('unit_price', models.DecimalField(decimal_places=4, max_digits=12, null=True, verbose_name='price of one')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='amount')),
                ('meter', models.CharField(blank=True, max_length=40, verbose_name='meter')),
                ('object_id', models.BigIntegerField(null=True, verbose_name='counted')),
                ('label', models.CharField(blank=True, max_length=254, verbose_name='product')),
                ('outcome', models.CharField(choices=[('matches', 'Matches'), ('unpriced', 'Count matches, amount not checked'), ('count', 'Count differs'), ('amount', 'Amount differs'), ('both', 'Count and amount differ'), ('undecided', 'Cannot be decided yet'), ('twice', 'Charged twice'), ('not_invoiced', 'Counted, not on the invoice'), ('unknown_product', 'No such product is known'), ('no_ledger', 'Nothing was counted in that month')], max_length=16, verbose_name='found')),
                ('proven', models.BigIntegerField(null=True, verbose_name='proven')),
                ('at_most', models.BigIntegerField(null=True, verbose_name='at most')),
                ('cost_price', models.DecimalField(decimal_places=4, max_digits=12, null=True, verbose_name='cost price')),
                ('expected', models.DecimalField(decimal_places=2, max_digits=14, null=True, verbose_name='expected amount')),
                ('statement', models.CharField(blank=True, max_length=20, verbose_name='statement')),
                ('zone', models.CharField(blank=True, max_length=60, verbose_name='time zone')),
                ('explanations', models.JSONField(default=list, verbose_name='found')),
                ('state', models.CharField(choices=[('open', 'Open'), ('matched', 'Matched'), ('disputed', 'Disputed'), ('settled', 'Settled')], default='open', max_length=8, verbose_name='state')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='settled')),
                ('settled_reason', models.TextField(blank=True, verbose_name='reason')),
                ('credit_note', models.CharField(blank=True, max_length=80, verbose_name='credit note')),
                ('company', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='company')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.vendorinvoice', verbose_name='invoice')),
                ('settled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='settled by')),
            ],
            options={
                'verbose_name': "line of a vendor's invoice",
                'verbose_name_plural': "lines of vendors' invoices",
                'ordering': ['invoice', 'position'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'matched'), _negated=True), fields=['state', '-id'], name='vendor_line_by_state'),
                    models.Index(condition=models.Q(('outcome', 'matches'), _negated=True), fields=['outcome', '-id'], name='vendor_line_by_outcome'),
                    models.Index(fields=['meter', 'object_id'], name='vendor_line_of_meter'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('invoice', 'position'), name='vendor_line_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='DisputeFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('text', models.TextField(verbose_name='text')),
                ('text_digest', models.CharField(max_length=64, verbose_name='SHA-256 of the text')),
                ('ledger', models.TextField(verbose_name='ledger')),
                ('ledger_digest', models.CharField(max_length=64, verbose_name='SHA-256 of the ledger')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='billing.vendorinvoiceline', verbose_name='line')),
            ],
            options={
                'verbose_name': 'dispute file',
                'verbose_name_plural': 'dispute files',
                'ordering': ['pk'],
            },
        ),
        migrations.RunSQL(CLOSED, migrations.RunSQL.noop),
        migrations.RunSQL(KEPT, UNDO_KEPT),
        migrations.RunSQL("; ".join(append_only_sql("billing_disputefile")), migrations.RunSQL.noop),
    ]
