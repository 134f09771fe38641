from django.db import migrations, models

from portal.search.searchable import Searchable


class Migration(migrations.Migration):
    dependencies = [("vendors", "0003_credentials_end"), ("search", "0002_wall")]

    operations = [
        Searchable("Connection", kind="vendors.connection", texts=["name"]),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                fields=["vendor_request_id"],
                condition=models.Q(("vendor_request_id", ""), _negated=True),
                name="call_by_request",
            ),
        ),
    ]
