from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0005_lists")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="noted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("status__in", ["unknown", "needs_person"])),
                fields=["created_at", "id"],
                name="operation_desk_stuck",
            ),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("noted_at", None), ("status", "refused")),
                fields=["ended_at", "id"],
                name="operation_desk_refused",
            ),
        ),
    ]
