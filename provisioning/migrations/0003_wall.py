from django.db import migrations

from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0002_initial"),
        ("operations", "0003_wall"),
    ]

    operations = [
        BuildWall("Product", "Inventory", "Order", "Subscriber", "Drift", "MirrorState"),
        BuildWall("InventoryChange", append_only=True),
    ]
