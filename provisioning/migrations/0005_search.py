from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0004_thresholds")]

    operations = []
