import django.utils.timezone
from django.db import migrations, models

import portal.tenancy.sealing


class Migration(migrations.Migration):

    dependencies = [("messaging", "0004_pages")]

    operations = [
        migrations.AddField(
            "signingkey",
            "level",
            models.CharField(default="applications", max_length=13, verbose_name="belongs to"),
        ),
        migrations.AddField(
            "smsaccount", "keys_due_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)
        ),
        migrations.AddField(
            "virtualnumber",
            "forward_secret",
            portal.tenancy.sealing.SealedField(
                blank=True, default="", editable=False, verbose_name="secret of the forwarding"
            ),
        ),
    ]
