from django.db import migrations

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):
    dependencies = [("lists", "0001_initial"), ("tenancy", "0002_wall")]

    operations = [BuildWall("SavedFilter", "Export", "ExportPart")]
