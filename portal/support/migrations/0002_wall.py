from django.db import migrations

from portal.tenancy.wall import OWN_TENANT, OWN_USER, BuildWall

STAFF_ONLY = ["support_calltally", "support_tallymark", "support_incident", "support_incidentnote"]


def closed_to_tenants(table: str) -> str:
    """Of no tenant, and seen by staff alone."""
    return (
        f"alter table {table} enable row level security; alter table {table} force row level security;"
        f"create policy staff on {table} to portal_staff using (true) with check (true);"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0001_initial"),
        ("tenancy", "0002_wall"),
    ]

    operations = [
        BuildWall("Visit"),
        # A visit is found by who makes it, and only until the tenant is entered.
        migrations.RunSQL(
            f"create policy own on support_visit for select using ({OWN_TENANT} is null and staff_id = {OWN_USER})",
            "drop policy own on support_visit",
        ),
        migrations.RunSQL(
            "".join(closed_to_tenants(table) for table in STAFF_ONLY),
            migrations.RunSQL.noop,
        ),
    ]
