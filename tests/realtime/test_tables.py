"""The tables of live calls are there, and behind the wall."""

from realtime.models import Extension
from tests.realtime.switchboard import make_connection


def test_a_company_sees_its_own_directory_alone(transactional_db, cast, sandbox):
    from portal.tenancy.scope import tenant_scope

    with tenant_scope(cast.acme.pk):
        connection = make_connection(cast.acme, "acme", sandbox, name="Telephones")
        Extension.objects.create(
            tenant=cast.acme, connection=connection, vendor_id="a" * 32, name="Alice", number="001", kind="user"
        )
    with tenant_scope(cast.globex.pk):
        assert not Extension.objects.exists()
