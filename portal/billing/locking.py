"""One writer at a time for a tenant's contracts and statements."""

from django.db import connection

# The first half of the advisory lock; the second is the tenant.
LOCK = 0x62696C6C


def lock_billing(tenant_id: int) -> None:
    """Wait until nobody else agrees on terms of this tenant or closes its months; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [LOCK, tenant_id % 2**31])
