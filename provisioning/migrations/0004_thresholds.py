from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0003_wall")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="warn_cost_above",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=12,
                null=True,
                verbose_name="tell when the month costs more than (EUR)",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="warn_free_below",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="tell when fewer products are free than"
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="warn_limit_percent",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="tell when so much of the agreed limit is reached (%)"
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="warn_peak_above",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="tell when the month's peak is above"
            ),
        ),
    ]
