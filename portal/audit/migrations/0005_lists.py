from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_chain")]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["tenant", "action", "-at", "-id"], name="audit_by_action"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["action", "-at", "-id"], name="audit_of_any_tenant"),
        ),
    ]
