from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_mailing_and_vat")]

    operations = [
        migrations.AddField(
            model_name="statement",
            name="tenant_slug",
            field=models.SlugField(blank=True, db_index=False, max_length=50, verbose_name="company's address"),
        ),
    ]
