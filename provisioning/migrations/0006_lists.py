from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0005_search")]

    operations = [
        migrations.AddIndex(
            model_name="drift",
            index=models.Index(fields=["tenant", "connection", "-first_seen_at", "-id"], name="drift_list"),
        ),
        migrations.AddIndex(
            model_name="drift",
            index=models.Index(fields=["tenant", "connection", "-last_seen_at", "-id"], name="drift_list_seen"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant", "connection", "-created_at", "-id"], name="order_list"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant", "connection", "number", "id"], name="order_list_number"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant", "connection", "quantity", "id"], name="order_list_quantity"),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(fields=["tenant", "connection", "-created_at", "-id"], name="subscriber_list"),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(fields=["tenant", "connection", "username", "id"], name="subscriber_list_name"),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(condition=models.Q(("state__in", ["requested", "active", "deleting"])), fields=["tenant", "connection", "-created_at", "-id"], name="subscriber_list_living"),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(condition=models.Q(("state__in", ["requested", "active", "deleting"])), fields=["tenant", "connection", "username", "id"], name="subscriber_list_living_name"),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(condition=models.Q(("state__in", ["deleted", "failed"])), fields=["tenant", "connection", "-created_at", "-id"], name="subscriber_list_ended"),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(condition=models.Q(("ends_at__isnull", False), ("state__in", ["requested", "active", "deleting"])), fields=["tenant", "connection", "-created_at", "-id"], name="subscriber_list_temporary"),
        ),
        # A connection's rows are all of one tenant; without knowing, PostgreSQL expects a hundredth of a large tenant's rows.
        *(
            migrations.RunSQL(
                f"create statistics {name} (dependencies) on tenant_id, connection_id, product_id from {table}",
                f"drop statistics {name}",
            )
            for name, table in (
                ("subscriber_places", "provisioning_subscriber"),
                ("order_places", "provisioning_order"),
            )
        ),
    ]
