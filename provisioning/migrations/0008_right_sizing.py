import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import portal.tenancy.wall
from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0007_rollup"),
        ("tenancy", "0004_first_steps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="product",
            name="right_size_margin",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="products kept free by right-sizing"),
        ),
        migrations.CreateModel(
            name="SizingPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(editable=False, null=True)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                ("month_start", models.DateTimeField(verbose_name="month")),
                ("month_end", models.DateTimeField(verbose_name="month's end")),
                ("opens_at", models.DateTimeField(verbose_name="placed from")),
                ("closes_at", models.DateTimeField(verbose_name="placed until")),
                ("quantity", models.PositiveIntegerField(verbose_name="approved")),
                (
                    "unit_price",
                    models.DecimalField(decimal_places=4, max_digits=10, verbose_name="price when approved (EUR)"),
                ),
                ("form_key", models.UUIDField(editable=False)),
                (
                    "approved_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="approved"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("placed", "Ordered"),
                            ("saving", "Saving"),
                            ("done", "Done"),
                            ("nothing", "Nothing removed"),
                            ("failed", "Not carried out"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("why", models.JSONField(default=dict)),
                (
                    "saved_eur",
                    models.DecimalField(decimal_places=4, max_digits=14, null=True, verbose_name="saved (EUR)"),
                ),
                ("reckoned_at", models.DateTimeField(null=True, verbose_name="reckoned")),
                (
                    "approved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="cancelled by",
                    ),
                ),
                (
                    "order",
                    portal.tenancy.wall.TenantOneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sizing_plan",
                        to="provisioning.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "product",
                    portal.tenancy.wall.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sizing_plans",
                        to="provisioning.product",
                        verbose_name="product",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "right-sizing",
                "verbose_name_plural": "right-sizings",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="sizing_due"),
                    models.Index(fields=["product", "-approved_at", "-id"], name="sizing_of_product"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["nothing", "failed", "cancelled"]), _negated=True),
                        fields=("product", "month_start"),
                        name="one_sizing_a_month",
                    ),
                    models.UniqueConstraint(fields=("tenant", "form_key"), name="sizing_form_once"),
                    models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="sizing_quantity_positive"),
                ],
            },
        ),
        BuildWall("SizingPlan"),
    ]
