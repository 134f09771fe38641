from django.db import migrations

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):
    dependencies = [
        ("bulk", "0001_initial"),
        ("operations", "0003_wall"),
        ("tenancy", "0002_wall"),
    ]

    operations = [
        BuildWall("Batch", "BatchRow"),
    ]
