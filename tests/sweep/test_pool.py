"""One connection from a pool of one, used by two tenants in turn thousands of times."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.tenancy.models import Membership, Role, Tenant
from portal.tenancy.scope import staff_scope, tenant_scope

TURNS = 4_000


@pytest.fixture
def pool_of_one(transactional_db):
    """Django's own pool with a single connection; what `connection.close()` gives back is what comes next."""
    options = connection.settings_dict.setdefault("OPTIONS", {})
    connection.close()
    options["pool"] = {"min_size": 1, "max_size": 1, "timeout": 5}
    yield
    connection.close()
    connection.close_pool()
    del options["pool"]


def companies_seen() -> set[str]:
    seen = {membership.tenant.slug for membership in Membership.objects.select_related("tenant")}
    return seen | set(Tenant.objects.values_list("slug", flat=True))


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]


def look_and_break(tenant: Tenant, other: Tenant, turn: int) -> set[str]:
    """What a turn in the tenant's scope sees, ending in one of the ways that a page may end."""
    try:
        with tenant_scope(tenant.pk):
            seen = companies_seen()
            if turn % 7 == 0:
                raise RuntimeError
            if turn % 11 == 0:
                Membership.objects.create(tenant=other, user_id=1, role=Role.OWNER)
            if turn % 13 == 0:
                with tenant_scope(other.pk):
                    assert companies_seen() == {other.slug}
                seen |= companies_seen()
            if turn % 17 == 0:
                transaction.set_rollback(True)
            if turn % 19 == 0:
                with staff_scope():
                    assert companies_seen() == {"acme", "globex"}
                seen |= companies_seen()
    except (RuntimeError, DatabaseError):
        pass
    return seen


def test_two_tenants_in_turn_never_see_each_other(pool_of_one, cast):
    connection.close()
    backends = {backend()}
    for turn in range(TURNS):
        tenant, other = (cast.acme, cast.globex) if turn % 2 else (cast.globex, cast.acme)
        assert look_and_break(tenant, other, turn) == {tenant.slug}
        if turn % 5 == 0:
            assert companies_seen() == set()
        connection.close()
        if turn % 100 == 0:
            backends.add(backend())
    assert len(backends) == 1
    with staff_scope():
        assert Membership.objects.count() == 6
