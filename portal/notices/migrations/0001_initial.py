import django.db.models.deletion
import django.utils.timezone
import portal.tenancy.wall
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("tenancy", "0002_wall"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60, verbose_name='kind')),
                ('key', models.CharField(max_length=200)),
                ('args', models.JSONField(default=dict)),
                ('subject_type', models.CharField(blank=True, max_length=80)),
                ('subject_id', models.BigIntegerField(null=True)),
                ('needs_you', models.BooleanField(default=False, verbose_name='needs somebody')),
                ('happened_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='happened')),
                ('resolved_at', models.DateTimeField(null=True, verbose_name='over since')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'indexes': [
                    models.Index(condition=models.Q(('needs_you', True), ('resolved_at', None)), fields=['tenant', '-id'], name='notice_needs_you'),
                    models.Index(condition=models.Q(('needs_you', True), ('resolved_at', None)), fields=['kind'], name='notice_open_by_kind'),
                    models.Index(fields=['happened_at'], name='notice_by_age'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('resolved_at', None)), fields=('tenant', 'key'), name='one_open_notice'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('shown', models.BooleanField(default=True, verbose_name='in the portal')),
                ('read_at', models.DateTimeField(null=True, verbose_name='read, or over')),
                ('plan', models.CharField(choices=[('never', 'Never'), ('at_once', 'At once'), ('daily', 'Daily digest')], default='never', max_length=8, verbose_name='by mail')),
                ('mail', models.CharField(blank=True, choices=[('', 'No mail'), ('waiting', 'To be mailed'), ('sent', 'Mailed'), ('dropped', 'No longer worth a mail'), ('failed', 'Could not be mailed')], max_length=8, verbose_name='mail')),
                ('letter', models.UUIDField(editable=False, null=True)),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('mailed_at', models.DateTimeField(null=True, verbose_name='mailed')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('notice', portal.tenancy.wall.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notices.notice', verbose_name='notice')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'indexes': [
                    models.Index(condition=models.Q(('shown', True)), fields=['tenant', 'user', '-id'], name='delivery_by_person'),
                    models.Index(condition=models.Q(('read_at', None), ('shown', True)), fields=['tenant', 'user'], name='delivery_unread'),
                    models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='delivery_due'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('notice', 'user'), name='delivered_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60, verbose_name='kind')),
                ('portal', models.BooleanField(default=True, verbose_name='in the portal')),
                ('mail', models.CharField(choices=[('never', 'Never'), ('at_once', 'At once'), ('daily', 'Daily digest')], default='never', max_length=8, verbose_name='by mail')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'preference',
                'verbose_name_plural': 'preferences',
                'constraints': [
                    models.UniqueConstraint(fields=('tenant', 'user', 'kind'), name='preference_once'),
                ],
            },
        ),
    ]
