from django.db import migrations

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial")]

    operations = [BuildWall("Notice", "Delivery", "Preference")]
