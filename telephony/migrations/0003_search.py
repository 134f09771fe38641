from django.db import migrations

from portal.search.searchable import Searchable


class Migration(migrations.Migration):
    dependencies = [("telephony", "0002_sip_accounts"), ("search", "0002_wall")]

    operations = [
        Searchable(
            "SipAccount",
            kind="telephony.sip_account",
            texts=["username", "name"],
            codes=["vendor_id", "internal_number", "external_number"],
        ),
    ]
