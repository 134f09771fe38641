from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("telephony", "0007_levels_of_many")]

    operations = [
        migrations.AddIndex(
            model_name="drift",
            index=models.Index(
                fields=["-id"], condition=models.Q(kind="missing_account"), name="sip_drift_missing"
            ),
        ),
    ]
