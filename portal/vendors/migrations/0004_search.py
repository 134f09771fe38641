from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vendors", "0003_credentials_end")]

    operations = []
