from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0003_search")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="first_steps_dismissed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
