from django.db import migrations

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0002_initial"),
        ("vendors", "0002_wall"),
    ]

    operations = [
        BuildWall("Operation", "Attempt", "Decision"),
    ]
