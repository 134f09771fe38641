from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0005_keys_and_forwarding")]

    operations = [
        migrations.AddIndex(
            "inboundmessage",
            models.Index(fields=["tenant", "sender", "id"], name="sms_inbound_by_sender"),
        ),
    ]
