"""One row of each kind that the pages of live calls name, and the arguments of each of their addresses."""

from typing import Any

from django.utils import timezone

from portal.vendors.models import Connection
from realtime.models import CallerId, Consent, Extension, Grant, RealtimeAccount, Subscription
from tests.fixtures.account import connected
from tests.realtime import samples_of_others
from tests.realtime.samples_board import samples_of_board
from tests.realtime.samples_calls import samples_of_calls

WITHOUT_ARGUMENTS = [
    "connect",
    "connect_company",
    "connect_own",
    "directory",
    "directory_mirror",
    "directory_refresh",
    "grants",
    "subscriptions",
]
OF_AN_EXTENSION = [
    "extension",
    "extension_now",
    "favourite",
    "caller_id_set",
    "caller_ids_refresh",
    "extension_member",
]


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    connection = some_connection(tenant)
    found: dict[str, dict[str, Any]] = {name: {} for name in WITHOUT_ARGUMENTS}
    found |= {name: {"pk": connection.pk} for name in ("connect_asking", "own_grant_end")}
    found["connect_return"] = {"pk": some_consent(connection, owner).pk}
    found["grant_end"] = {"pk": some_grant(connection, owner).pk}
    extension = some_extension(connection).pk
    found |= {name: {"pk": extension} for name in OF_AN_EXTENSION}
    found["subscription_cancel"] = {"pk": some_stray(connection).pk}
    named = {f"realtime:{name}": arguments for name, arguments in found.items()}
    named |= samples_of_others.samples(tenant, owner)
    return named | samples_of_board(tenant, owner, connection) | samples_of_calls(tenant, connection)


def some_connection(tenant, name: str = "Telephone system") -> Connection:
    """Read a moment ago; nothing is behind it."""
    connection = connected(
        tenant,
        "kwebbl",
        name,
        client_id="application-of-the-telephone-system",
        client_secret="secret-of-the-telephone-system",
    )
    RealtimeAccount.objects.filter(connection=connection).update(read_at=timezone.now())
    return connection


def some_extension(connection: Connection, name: str = "Alice Jansen", number: str = "201") -> Extension:
    """With two numbers to choose from, read a moment ago."""
    made = Extension.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        vendor_id=f"{number:0>32}",
        name=name,
        number=number,
        kind=Extension.Kind.USER,
        caller_ids_read_at=timezone.now(),
    )
    for place, outer in enumerate(["+31102612345", "+31102612346"]):
        CallerId.objects.create(tenant_id=connection.tenant_id, extension=made, vendor_id=f"{place:0>32}", number=outer)
    return made


def some_stray(connection: Connection) -> Subscription:
    return Subscription.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        state=Subscription.State.STRAY,
        vendor_id="5" * 32,
        event_types=["created"],
        callback_url="https://other.example/hook",
    )


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
