from django.db import migrations, models

from portal.search.searchable import Searchable


class Migration(migrations.Migration):
    dependencies = [("realtime", "0007_grants_listed"), ("search", "0002_wall")]

    operations = [
        migrations.AlterField(
            model_name="call",
            name="from_number",
            field=models.CharField(blank=True, db_collation="C", max_length=40, verbose_name="from"),
        ),
        migrations.AlterField(
            model_name="call",
            name="to_number",
            field=models.CharField(blank=True, db_collation="C", max_length=40, verbose_name="to"),
        ),
        migrations.AlterField(
            model_name="cardnumber",
            name="number",
            field=models.CharField(db_collation="C", max_length=16, verbose_name="number"),
        ),
        Searchable("CardNumber", kind="realtime.card_number", codes=["number"]),
    ]
