from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0010_use_changes")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="warn_pending_days",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="tell when an order is on its way for more days than"
            ),
        ),
    ]
