from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0004_search")]

    operations = [
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(fields=["tenant", "label", "id"], name="operation_list_label"),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["tenant", "-created_at", "-id"], name="operation_list_not_ended"),
        ),
    ]
