from django.db import migrations, models

from portal.search.searchable import Searchable


class Migration(migrations.Migration):
    dependencies = [("operations", "0003_wall"), ("search", "0002_wall")]

    operations = [
        Searchable("Operation", kind="operations.operation", texts=["label"], codes=["id", "request_id"]),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                fields=["status", "-id"],
                condition=models.Q(("status", "done"), _negated=True),
                name="operation_not_done",
            ),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                fields=["trouble", "-id"],
                condition=models.Q(("trouble", ""), _negated=True),
                name="operation_by_trouble",
            ),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(fields=["kind", "-id"], name="operation_by_kind"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                fields=["outcome", "-id"],
                condition=models.Q(("outcome", "done"), _negated=True),
                name="attempt_by_outcome",
            ),
        ),
    ]
