from django.conf import settings
from django.db import migrations, models

from portal.tenancy.wall import BuildWall

# Written by the database, so that no way of adding an entry passes by the chain.
AWAIT_CHAIN = """
create function audit_await_chain() returns trigger language plpgsql as $$ begin
  insert into audit_unchained (tenant_id, entry_id) select tenant_id, id from inserted order by id;
  return null;
end $$;
create trigger await_chain after insert on audit_entry referencing new table as inserted
  for each statement execute function audit_await_chain();
"""
# The owner is bound by the wall as well; it stands open for this one reading, inside this transaction.
QUEUE_WHAT_IS_THERE = """
alter table audit_entry no force row level security;
insert into audit_unchained (tenant_id, entry_id) select tenant_id, id from audit_entry order by id;
alter table audit_entry force row level security;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_wall"),
        ("tenancy", "0002_wall"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Unchained",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry_id", models.BigIntegerField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=models.DO_NOTHING,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "unchained audit entry",
                "verbose_name_plural": "unchained audit entries",
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveBigIntegerField()),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("digest", models.BinaryField(max_length=32)),
                ("key_id", models.CharField(max_length=8)),
                ("chained_at", models.DateTimeField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "link of the audit chain",
                "verbose_name_plural": "links of the audit chain",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "sequence"), name="audit_link_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name="entry",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=models.PROTECT,
                related_name="+",
                to="tenancy.tenant",
                verbose_name="tenant",
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="actor",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="who",
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="on_behalf_of",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="on behalf of",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["tenant", "actor", "-at", "-id"], name="audit_by_actor"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("on_behalf_of__isnull", False)),
                fields=["tenant", "on_behalf_of", "-at", "-id"],
                name="audit_by_behalf",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["request_id", "tenant"],
                name="audit_by_request",
            ),
        ),
        migrations.RunSQL(
            AWAIT_CHAIN, "drop trigger await_chain on audit_entry; drop function audit_await_chain()"
        ),
        migrations.RunSQL(QUEUE_WHAT_IS_THERE, migrations.RunSQL.noop),
        BuildWall("Unchained"),
        BuildWall("Link", append_only=True),
        # Acts outside any tenant are written by whoever does them, and chained in staff scope.
        migrations.RunSQL(
            "create policy own on audit_unchained for insert with check (tenant_id is null)",
            "drop policy own on audit_unchained",
        ),
    ]
