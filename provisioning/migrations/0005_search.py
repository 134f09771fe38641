from django.db import migrations, models

from portal.search.searchable import Searchable


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0004_thresholds"), ("search", "0002_wall")]

    operations = [
        Searchable("Subscriber", kind="provisioning.subscriber", texts=["username", "identity"], codes=["vendor_id"]),
        Searchable("Order", kind="provisioning.order", texts=["number"]),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                fields=["product"], condition=models.Q(("state", "requested")), name="subscriber_being_made"
            ),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                fields=["state", "-id"],
                condition=models.Q(("state", "active"), _negated=True),
                name="subscriber_by_state",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["product"],
                condition=models.Q(("status__in", ["requested", "pending"])),
                name="order_on_its_way_of_product",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["status", "-id"],
                condition=models.Q(("status", "fulfilled"), _negated=True),
                name="order_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="inventorychange",
            index=models.Index(
                fields=["-id"], condition=models.Q(("cause", "order"), _negated=True), name="change_without_order"
            ),
        ),
    ]
