import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import portal.tenancy.sealing
import portal.tenancy.wall
from django.conf import settings
from django.db import migrations, models

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):

    dependencies = [
        ('telephony', '0001_call_scripts'),
        ('tenancy', '0004_first_steps'),
        ('vendors', '0005_lists'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ExternalScript',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vendor_id', models.CharField(blank=True, max_length=100, verbose_name="vendor's ID")),
                ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                ('url', portal.tenancy.sealing.SealedField(blank=True, default='', editable=False, verbose_name='address')),
                ('vendor_created_at', models.DateTimeField(null=True, verbose_name='created at the vendor')),
                ('vendor_updated_at', models.DateTimeField(null=True, verbose_name='updated at the vendor')),
                ('read_at', models.DateTimeField(verbose_name='read')),
                ('connection', portal.tenancy.wall.TenantOneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='external_script', to='vendors.connection', verbose_name='connection')),
                ('hosted', portal.tenancy.wall.TenantForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='telephony.callscript', verbose_name='call script')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'external script',
                'verbose_name_plural': 'external scripts',
            },
        ),
        migrations.CreateModel(
            name='Drift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('unknown_account', 'A SIP account that was not made here'), ('missing_account', 'A SIP account that the vendor no longer lists')], max_length=16, verbose_name='kind')),
                ('key', models.CharField(max_length=200, verbose_name='username')),
                ('vendor_id', models.CharField(max_length=100, verbose_name="vendor's ID")),
                ('told', models.JSONField(null=True, verbose_name='the vendor says')),
                ('first_seen_at', models.DateTimeField(verbose_name='first seen')),
                ('last_seen_at', models.DateTimeField(verbose_name='last seen')),
                ('state', models.CharField(choices=[('open', 'Open'), ('adopted', 'Adopted'), ('repaired', 'Repaired'), ('gone', 'Went away')], default='open', max_length=10, verbose_name='state')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('connection', portal.tenancy.wall.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='vendors.connection', verbose_name='connection')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'difference',
                'verbose_name_plural': 'differences',
                'indexes': [models.Index(fields=['tenant', 'connection', '-first_seen_at', '-id'], name='sip_drift_list')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('connection', 'kind', 'vendor_id'), name='one_open_sip_drift')],
            },
        ),
        migrations.CreateModel(
            name='MirrorState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('read_at', models.DateTimeField(null=True, verbose_name='last complete read')),
                ('asked_at', models.DateTimeField(null=True, verbose_name='refresh asked')),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='next read')),
                ('reading_until', models.DateTimeField(null=True)),
                ('error', models.CharField(blank=True, max_length=500, verbose_name='error')),
                ('error_at', models.DateTimeField(null=True)),
                ('connection', portal.tenancy.wall.TenantOneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='telephony_mirror', to='vendors.connection', verbose_name='connection')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'mirror state',
                'verbose_name_plural': 'mirror states',
                'indexes': [models.Index(fields=['due_at'], name='telephony_mirror_due')],
            },
        ),
        migrations.CreateModel(
            name='SipAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('username', models.CharField(max_length=64, verbose_name='username')),
                ('state', models.CharField(choices=[('requested', 'Requested'), ('active', 'Active'), ('deleting', 'Being deleted'), ('deleted', 'Deleted'), ('failed', 'Not created')], default='requested', max_length=10, verbose_name='state')),
                ('vendor_id', models.CharField(blank=True, max_length=100, verbose_name="vendor's ID")),
                ('password', portal.tenancy.sealing.SealedField(blank=True, default='', editable=False, verbose_name='password')),
                ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                ('internal_name', models.CharField(blank=True, max_length=200, verbose_name='internal caller ID name')),
                ('internal_number', models.CharField(blank=True, max_length=40, verbose_name='internal caller ID number')),
                ('external_name', models.CharField(blank=True, max_length=200, verbose_name='external caller ID name')),
                ('external_number', models.CharField(blank=True, max_length=40, verbose_name='external caller ID number')),
                ('mwi_account', models.CharField(blank=True, max_length=100, verbose_name='voicemail (MWI) account')),
                ('fingerprint', models.CharField(blank=True, editable=False, max_length=64)),
                ('registration', models.CharField(blank=True, choices=[('registered', 'Signed in'), ('unregistered', 'Not signed in'), ('', 'Not known')], default='', max_length=12, verbose_name='telephone')),
                ('domain', models.CharField(blank=True, max_length=200, verbose_name='domain')),
                ('status_read_at', models.DateTimeField(null=True, verbose_name='status read')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='asked for')),
                ('vendor_created_at', models.DateTimeField(null=True, verbose_name='created at the vendor')),
                ('vendor_updated_at', models.DateTimeField(null=True, verbose_name='updated at the vendor')),
                ('deleted_at', models.DateTimeField(null=True, verbose_name='deleted')),
                ('connection', portal.tenancy.wall.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='sip_accounts', to='vendors.connection', verbose_name='connection')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'SIP account',
                'verbose_name_plural': 'SIP accounts',
                'indexes': [models.Index(fields=['tenant', '-created_at', '-id'], name='sip_by_tenant'), models.Index(fields=['tenant', 'connection', '-created_at', '-id'], name='sip_list'), models.Index(fields=['tenant', 'connection', 'username', 'id'], name='sip_list_username'), models.Index(fields=['tenant', 'connection', 'name', 'id'], name='sip_list_name'), models.Index(condition=models.Q(('state__in', ['deleted', 'failed'])), fields=['tenant', 'connection', '-created_at', '-id'], name='sip_list_ended'), models.Index(condition=models.Q(('state', 'active'), _negated=True), fields=['state', '-id'], name='sip_by_state'), models.Index(condition=models.Q(('state', 'active')), fields=['connection', 'status_read_at'], name='sip_status_due')],
                'constraints': [models.UniqueConstraint(models.F('connection'), django.db.models.functions.text.Lower('username'), condition=models.Q(('state__in', ['requested', 'active', 'deleting'])), name='living_sip_username_once'), models.UniqueConstraint(condition=models.Q(models.Q(('vendor_id', ''), _negated=True), ('state__in', ['requested', 'active', 'deleting'])), fields=('connection', 'vendor_id'), name='living_sip_id_once')],
            },
        ),
        BuildWall("SipAccount", "ExternalScript", "MirrorState", "Drift"),
    ]
