from django.db import migrations

from portal.tenancy.wall import OWN_USER, BuildWall


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_initial"),
        ("tenancy", "0002_wall"),
    ]

    operations = [
        BuildWall("Entry", append_only=True),
        # Acts outside any tenant belong to who did them, and to staff.
        migrations.RunSQL(
            f"create policy own on audit_entry using (tenant_id is null and actor_id = {OWN_USER})"
            f" with check (tenant_id is null and actor_id = {OWN_USER})",
            "drop policy own on audit_entry",
        ),
    ]
