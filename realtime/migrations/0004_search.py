from django.db import migrations

from portal.search.searchable import Searchable


class Migration(migrations.Migration):
    dependencies = [("realtime", "0003_grants_renewed"), ("search", "0002_wall")]

    operations = [
        Searchable(
            "Extension",
            kind="realtime.extension",
            texts=["name"],
            codes=["vendor_id", "number", "external_number"],
        ),
    ]
