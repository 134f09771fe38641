"""Acme's connection to the sandbox."""

import pytest

from portal.tenancy.scope import tenant_scope
from portal.vendors.connections import Account, add_connection
from portal.vendors.models import Connection, ConnectionState

CLIENT_ID = "acme-client-0042"
SECRET = "tr0ub4dor&3/acme"


@pytest.fixture
def account(control):
    """Acme's account at the vendor, with quota and inventory to order."""
    control.put_account(CLIENT_ID, SECRET)
    return CLIENT_ID


@pytest.fixture
def at_sandbox(sandbox):
    """The fields of a connection to the sandbox; name what differs."""

    def make(**different) -> Account:
        fields = {
            "name": "Video",
            "base_url": sandbox.kandy_url,
            "token_url": sandbox.token_url,
            "environment": "test",
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        return Account(**{**fields, **different})

    return make


@pytest.fixture
def connection(cast, account, at_sandbox, settings) -> Connection:
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    with tenant_scope(cast.acme.pk):
        return add_connection(cast.acme, "kandy", at_sandbox(), acting_user=cast.alice)


@pytest.fixture
def state_of():
    """The stored state of a connection."""

    def read(connection) -> ConnectionState:
        with tenant_scope(connection.tenant_id):
            return ConnectionState.objects.get(connection=connection)

    return read


@pytest.fixture
def set_state():
    """Put a connection's state into what a test begins with."""

    def write(connection, **fields) -> None:
        with tenant_scope(connection.tenant_id):
            ConnectionState.objects.filter(connection=connection).update(**fields)

    return write
