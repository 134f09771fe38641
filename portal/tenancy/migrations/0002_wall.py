from django.db import migrations

from portal.tenancy.wall import OWN_TENANT, OWN_USER, BuildWall


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0001_initial"),
    ]

    operations = [
        BuildWall("Membership", "Invitation"),
        # A person finds the way in by the own memberships, and only until a tenant is entered.
        migrations.RunSQL(
            f"""
            create policy own on tenancy_membership for select using ({OWN_TENANT} is null and user_id = {OWN_USER});
            alter table tenancy_tenant enable row level security;
            alter table tenancy_tenant force row level security;
            create policy tenant on tenancy_tenant using (id = {OWN_TENANT}) with check (id = {OWN_TENANT});
            create policy own on tenancy_tenant for select using (
              {OWN_TENANT} is null and exists (select from tenancy_membership m where m.tenant_id = tenancy_tenant.id and m.user_id = {OWN_USER}));
            create policy staff on tenancy_tenant to portal_staff using (true) with check (true);
            """,
            "drop policy staff on tenancy_tenant; drop policy own on tenancy_tenant; drop policy tenant on tenancy_tenant;"
            "alter table tenancy_tenant disable row level security; drop policy own on tenancy_membership",
        ),
    ]
