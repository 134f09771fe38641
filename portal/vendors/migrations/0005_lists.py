from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vendors", "0004_search")]

    operations = [
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["tenant", "duration_ms", "id"], name="call_list_duration"),
        ),
        migrations.AddIndex(
            model_name="connection",
            index=models.Index(fields=["tenant", "name", "id"], name="connection_list"),
        ),
    ]
