from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vendors", "0002_wall")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="credentials_end_on",
            field=models.DateField(blank=True, null=True, verbose_name="credentials end on"),
        ),
    ]
