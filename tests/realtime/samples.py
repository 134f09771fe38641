"""One row of each kind that the pages of live calls name, and the arguments of each of their addresses."""

from typing import Any

from portal.vendors.models import Connection, ConnectionState
from realtime.connecting import prepare
from realtime.grants.models import Consent, Grant

WITHOUT_ARGUMENTS = ["board", "connect", "connect_company", "connect_own", "grants"]


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    connection = some_connection(tenant)
    found: dict[str, dict[str, Any]] = {name: {} for name in WITHOUT_ARGUMENTS}
    found |= {name: {"pk": connection.pk} for name in ("connect_asking", "own_grant_end")}
    found["connect_return"] = {"pk": some_consent(connection, owner).pk}
    found["grant_end"] = {"pk": some_grant(connection, owner).pk}
    return {f"realtime:{name}": arguments for name, arguments in found.items()}


def some_connection(tenant) -> Connection:
    connection = Connection.objects.create(
        tenant=tenant,
        vendor="kwebbl",
        name="Telephones",
        base_url="https://live.example.com/v100",
        token_url="https://live.example.com/v100/token",
        client_id=f"live-{tenant.slug}",
        client_secret="secret of live calls",
    )
    ConnectionState.objects.create(tenant=tenant, connection=connection)
    prepare(connection)
    return connection


def some_grant(connection: Connection, owner) -> Grant:
    return Grant.objects.create(
        tenant_id=connection.tenant_id, connection=connection, scopes=["company.users"], granted_by=owner
    )


def some_consent(connection: Connection, owner) -> Consent:
    return Consent.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        user=owner,
        personal=False,
        scopes=["company.users"],
        digest=f"{connection.tenant_id:064d}",
        session_digest="0" * 64,
        error="access_denied",
    )
