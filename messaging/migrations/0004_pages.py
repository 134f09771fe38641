"""Campaigns are searched, and what is open or wants a person is found without reading what has ended."""

from django.db import migrations, models

from portal.search.searchable import Searchable


class Migration(migrations.Migration):
    dependencies = [("messaging", "0003_people"), ("search", "0002_wall")]

    operations = [
        migrations.AddIndex(
            "batch",
            models.Index(
                fields=["tenant", "state", "id"],
                condition=models.Q(state__in=["asked", "unknown"]),
                name="sms_batch_open",
            ),
        ),
        migrations.AddIndex(
            "campaign",
            models.Index(
                fields=["state", "id"],
                condition=models.Q(state__in=["stopped", "awaiting"]),
                name="sms_campaign_wants_a_person",
            ),
        ),
        Searchable("Campaign", kind="messaging.campaign", texts=["name", "sender"]),
    ]
