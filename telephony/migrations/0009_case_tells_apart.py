from django.db import migrations, models
from django.db.models.functions import Lower

LIVING = models.Q(state__in=["requested", "active", "deleting"])


class Migration(migrations.Migration):
    dependencies = [("telephony", "0008_missing_accounts")]

    operations = [
        migrations.RemoveConstraint("sipaccount", "living_sip_username_once"),
        migrations.AddConstraint(
            "sipaccount",
            models.UniqueConstraint(
                fields=["connection", "username"], condition=LIVING, name="living_sip_username_once"
            ),
        ),
        migrations.AddConstraint(
            "sipaccount",
            models.UniqueConstraint(
                "connection", Lower("username"), condition=models.Q(state="requested"), name="new_sip_username_once"
            ),
        ),
        # Several may be missing whose id was never told.
        migrations.RemoveConstraint("drift", "one_open_sip_drift"),
        migrations.AddConstraint(
            "drift",
            models.UniqueConstraint(
                fields=["connection", "kind", "vendor_id", "key"],
                condition=models.Q(state="open"),
                name="one_open_sip_drift",
            ),
        ),
    ]
