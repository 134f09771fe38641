import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import portal.tenancy.sealing
import portal.tenancy.wall
from django.conf import settings
from django.db import migrations, models

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenancy', '0004_first_steps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CallScript',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('address', portal.tenancy.sealing.SealedField(blank=True, default='', editable=False, verbose_name='address')),
                ('address_digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('published_at', models.DateTimeField(null=True, verbose_name='published at')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('deleted_at', models.DateTimeField(null=True, verbose_name='deleted')),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='published by')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'call script',
                'verbose_name_plural': 'call scripts',
                'indexes': [
                    models.Index(condition=models.Q(('deleted_at', None)), fields=['tenant', 'name', 'id'], name='script_by_tenant'),
                ],
                'constraints': [
                    models.UniqueConstraint(models.F('tenant'), django.db.models.functions.text.Lower('name'), condition=models.Q(('deleted_at', None)), name='script_name_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ScriptVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='version')),
                ('text', models.TextField(verbose_name='text')),
                ('why', models.CharField(blank=True, max_length=200, verbose_name='why')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='made')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('script', portal.tenancy.wall.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='telephony.callscript', verbose_name='call script')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'version of a script',
                'verbose_name_plural': 'versions of scripts',
                'ordering': ['script', '-number'],
                'constraints': [
                    models.UniqueConstraint(fields=('script', 'number'), name='script_version_once'),
                ],
            },
        ),
        migrations.AddField(
            model_name='callscript',
            name='published',
            field=portal.tenancy.wall.TenantForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='telephony.scriptversion', verbose_name='published'),
        ),
        migrations.CreateModel(
            name='ScriptCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('parameters', models.JSONField(default=dict, verbose_name='parameters')),
                ('expects', models.JSONField(default=list, verbose_name='must contain')),
                ('script', portal.tenancy.wall.TenantForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='telephony.callscript', verbose_name='call script')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'test case of a script',
                'verbose_name_plural': 'test cases of scripts',
                'ordering': ['script', 'name', 'id'],
                'constraints': [models.UniqueConstraint(fields=('script', 'name'), name='script_case_once')],
            },
        ),
        # Scripts and versions name each other: their keys come first.
        BuildWall("CallScript", "ScriptCase", "ScriptVersion"),
        BuildWall("ScriptVersion", append_only=True),
    ]
